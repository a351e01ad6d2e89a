// A counselor's day and week. Everything here is optional: the pages work without it.
//
//   J and K or the arrows go from row to row while a row has the focus, Enter opens; T goes to today
//   the counts are asked for every minute, only while somebody can see them
//   [data-keep] offers to keep today's rosters on this device, off until somebody turns it on

const board = document.querySelector('[data-board]');
const rows = [...document.querySelectorAll('[data-row]')];
const today = document.querySelector('[data-today-url]');
const letters = !document.body.hasAttribute('data-no-letters');

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
  const at = rows.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1, ...(letters && { j: 1, k: -1 }) }[event.key];
  if (step && at >= 0 && rows[at + step]) {
    event.preventDefault();
    rows[at + step].focus();
  } else if (letters && event.key === 't' && today && (at >= 0 || document.activeElement === document.body)) {
    event.preventDefault();
    location.assign(today.dataset.todayUrl);
  }
});

// A page nobody looks at asks nothing.
board?.addEventListener('htmx:beforeRequest', event => { if (document.hidden) event.preventDefault(); });

const box = document.querySelector('[data-keep]');
if (box && 'serviceWorker' in navigator && isSecureContext) offer(box);

async function offer(box) {
  const { forget, isKept, keep } = await import(document.querySelector('script[data-queue]').dataset.queue);
  const toggle = box.querySelector('input'), words = box.querySelector('[data-keep-words]');
  const { viewer } = box.dataset;
  const rosters = JSON.parse(box.dataset.keep);
  const say = text => { words.textContent = text; };
  box.hidden = false;
  toggle.checked = isKept(viewer);
  if (toggle.checked) put();
  toggle.addEventListener('change', async () => {
    if (toggle.checked) return put();
    await forget();
    say('Nothing is kept on this device.');
  });

  async function put() {
    try {
      await keep(viewer, rosters);
      say(`Kept until midnight or sign-out: ${rosters.length} ${rosters.length === 1 ? 'roster' : 'rosters'}.`);
    } catch { say('They could not be kept just now.'); }
  }
}
