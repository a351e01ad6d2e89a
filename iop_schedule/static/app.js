// Small conveniences on every page. Everything here is optional: each page works without it.
//
//   [data-error-summary]        is focused when the page arrives
//   form[data-confirm="…?"]     asks before it is sent; data-confirm-label names the button
//   form[data-guard]            warns before typed entries are lost
//   details[data-menu]          closes with Esc, by a press elsewhere, or when another opens
//   [data-print]                shows a print button (it is useless without a script)
//   [data-copy="#id"]           copies the value of a field and says so in #messages
//   form[data-auto] select      a change sends the form (filters)
//   body[data-quick-hide]       Esc twice, or [data-quick-hide-now], leaves for a neutral page
//   body[data-idle-seconds]     opens #idle-dialog two minutes before the session ends
//   body[data-shortcuts]        "/" focuses [data-search]
//
// Exports nothing; other modules talk to it through the DOM.

const body = document.body;
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function say(text) {
  const line = document.createElement('p');
  line.className = 'note success';
  line.textContent = text;
  find('#messages')?.append(line);
}

// ── What went wrong comes first ──────────────────────────────────────────────────────────────────
function focusErrors(root) {
  const summary = find('[data-error-summary]', root);
  if (!summary) return;
  summary.focus();
  for (const link of all('a[href^="#"]', summary)) {
    link.addEventListener('click', event => {
      const field = document.getElementById(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      field.closest('.form-row')?.scrollIntoView();
      field.focus({ preventScroll: true });
    });
  }
}
focusErrors(document);

// ── Ask before something is sent ─────────────────────────────────────────────────────────────────
function ask(question, label) {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  const heading = document.createElement('h2');
  heading.id = 'confirm-title';
  heading.textContent = question;
  dialog.setAttribute('aria-labelledby', heading.id);
  const acts = document.createElement('div');
  acts.className = 'dialog-acts';
  for (const [text, kind, value] of [[label, 'btn-primary', 'yes'], ['Cancel', 'btn-quiet', '']]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = `btn btn-lg ${kind}`;
    button.textContent = text;
    button.addEventListener('click', () => dialog.close(value));
    acts.append(button);
  }
  dialog.append(heading, acts);
  body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener('close', () => {
    resolve(dialog.returnValue === 'yes');
    dialog.remove();
  }));
}

document.addEventListener('submit', async event => {
  const form = event.target;
  const button = event.submitter;
  const question = button?.dataset.confirm ?? form.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const label = button?.dataset.confirmLabel ?? form.dataset.confirmLabel ?? button?.textContent.trim();
  if (!await ask(question, label || 'Yes')) return;
  form.dataset.confirmed = 'yes';
  form.requestSubmit(button ?? undefined);
  delete form.dataset.confirmed;
}, true);

// ── Keep what was typed ──────────────────────────────────────────────────────────────────────────
const changed = new Set();
document.addEventListener('input', event => {
  const form = event.target.closest?.('form[data-guard]');
  if (form) changed.add(form);
});
document.addEventListener('submit', event => changed.delete(event.target));
addEventListener('beforeunload', event => {
  if ([...changed].some(form => form.isConnected)) event.preventDefault();
});

// ── Menus, printing, copying, filters ────────────────────────────────────────────────────────────
const menus = () => all('details[data-menu][open]');
document.addEventListener('click', event => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  for (const menu of menus()) {
    menu.open = false;
    find('summary', menu).focus();
    event.preventDefault();
  }
});
for (const button of all('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
for (const button of all('[data-copy]')) {
  button.hidden = !navigator.clipboard;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(find(button.dataset.copy).value);
    say('Copied');
  });
}
for (const form of all('form[data-auto]')) {
  form.addEventListener('change', event => { if (event.target.matches('select, [type=radio], [type=checkbox]')) form.requestSubmit(); });
}
addEventListener('keydown', event => {
  if (event.key !== '/' || event.defaultPrevented || event.target.closest('input, textarea, select, [contenteditable]')) return;
  const search = body.hasAttribute('data-shortcuts') && !body.hasAttribute('data-no-letters') && find('[data-search]');
  if (search) { event.preventDefault(); search.focus(); }
});

// ── Leave at once ────────────────────────────────────────────────────────────────────────────────
const neutral = body.dataset.quickHide;
if (neutral) {
  // The neutral page takes this one's place in the history, so Back does not return here.
  const hide = () => { changed.clear(); location.replace(neutral); };
  let before = -Infinity;
  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    if (event.timeStamp - before < 700) hide();
    before = event.timeStamp;
  });
  for (const link of all('[data-quick-hide-now]')) {
    link.addEventListener('click', event => { event.preventDefault(); hide(); });
  }
}

// ── Nobody is signed in: no roster stays readable on this device (sw.js keeps them) ───────────────
if (location.pathname === '/sign-in' && 'caches' in window) caches.delete('rosters');

// ── The session ends soon ────────────────────────────────────────────────────────────────────────
const dialog = find('#idle-dialog');
if (dialog) {
  const limit = Number(body.dataset.idleSeconds) * 1000;
  const warning = Math.min(120_000, limit / 2);
  let since = Date.now();
  const restart = () => { since = Date.now(); if (dialog.open) dialog.close(); };
  // Use in one tab keeps the session, so the other tabs must not warn or load again.
  const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('session') : null;
  const used = () => { restart(); tabs?.postMessage('used'); };
  if (tabs) tabs.onmessage = restart;
  tabs?.postMessage('used');
  const words = seconds => seconds > 60 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.max(seconds, 0)} seconds`;
  find('[data-idle-stay]', dialog).addEventListener('click', async () => {
    const answer = await fetch(body.dataset.stayUrl, { method: 'HEAD', redirect: 'manual' }).catch(() => null);
    if (answer) used();
    else find('[data-idle-status]', dialog).textContent = 'No connection. Try again.';
  });
  dialog.addEventListener('cancel', event => event.preventDefault());
  // Marks sent by themselves are use; the minute's look of a page that lies open is not.
  document.addEventListener('app:used', used);
  document.addEventListener('htmx:afterRequest', event => { if (!event.target.closest('[data-board]')) used(); });
  setInterval(() => {
    const left = limit - (Date.now() - since);
    // The server has ended the session by now; loading the page again shows the sign-in page instead.
    if (left <= 0) { changed.clear(); location.reload(); return; }
    if (left > warning) return;
    const shown = words(Math.ceil(left / 10_000) * 10);
    const text = find('[data-idle-left]', dialog);
    if (text.textContent !== shown) text.textContent = shown;
    if (!dialog.open) dialog.showModal();
  }, 1000);
}

// ── htmx (staff pages): a form that needs a change comes back as 422 and is shown ────────────────
document.addEventListener('htmx:beforeSwap', event => {
  if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener('htmx:afterSwap', event => focusErrors(event.target));
document.addEventListener('htmx:sendError', () => say('Not saved: there is no connection. What you see is kept. Try again.'));
