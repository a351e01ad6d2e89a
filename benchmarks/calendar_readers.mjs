// Prints the UTC start and end of every event that two JavaScript readers find in a calendar file.
// Usage: node calendar_readers.mjs FILE, with `ical.js` and `node-ical` installed beside this script
// or in the folder named by NODE_MODULES. Called by calendar_readers.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_MODULES ?? process.cwd(), "x.js"));
const text = readFileSync(process.argv[2], "utf8");
const seconds = (date) => Math.round(date.getTime() / 1000);

const imported = require("ical.js");
const ICAL = imported.default ?? imported;
const root = new ICAL.Component(ICAL.parse(text));
// Only the file's own zone components are known: ical.js ships none.
for (const zone of root.getAllSubcomponents("vtimezone")) {
  ICAL.TimezoneService.register(new ICAL.Timezone(zone));
}
const byIcalJs = root.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  return [event.uid, event.startDate.toUnixTime(), event.endDate.toUnixTime()];
});

const nodeIcal = require("node-ical");
const byNodeIcal = Object.values(nodeIcal.sync.parseICS(text))
  .filter((item) => item.type === "VEVENT")
  .map((event) => [event.uid, seconds(event.start), seconds(event.end)]);

console.log(JSON.stringify({ "ical.js": byIcalJs, "node-ical": byNodeIcal }));
