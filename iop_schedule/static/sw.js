// Kept only on devices whose counselor asked for it (queue.js registers this file then).
//
// Serves stylesheets and scripts, which carry their content in their names, and the rosters of today that
// queue.js has put away. Everything else goes to the network and leaves nothing here.

const ASSETS = 'assets', ROSTERS = 'rosters';
const ASSET = /^\/static\/.*\.[0-9a-f]{12}\.[a-z]+$/;
const ROSTER = /^\/sessions\/\d+\/attendance$/;
const NOTHING = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
  + '<title>No connection</title><h1>No connection</h1><p>This roster is not kept on this device. Try again when you are connected.</p></html>';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(Promise.all([self.clients.claim(), dropOld()])));

self.addEventListener('fetch', event => {
  event.waitUntil(dropOld());
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (ASSET.test(url.pathname)) event.respondWith(asset(event.request));
  else if (event.request.mode === 'navigate' && ROSTER.test(url.pathname)) event.respondWith(roster(event.request, url.pathname));
});

async function asset(request) {
  const cache = await caches.open(ASSETS);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function roster(request, path) {
  try {
    return await fetch(request);
  } catch {
    await dropOld();
    const kept = await caches.match(path, { cacheName: ROSTERS });
    return kept ?? new Response(NOTHING, { status: 503, headers: { 'Content-Type': 'text/html; charset=utf-8' } });
  }
}

// Midnight at the site: yesterday's people are nobody's business any more. Looked at whenever this script
// begins and whenever a page asks for anything, with a connection or without.
async function dropOld() {
  const cache = await caches.open(ROSTERS);
  for (const request of await cache.keys()) {
    const answer = await cache.match(request);
    if (!(Number(answer.headers.get('X-Keep-Until')) > Date.now())) await cache.delete(request);
  }
}
