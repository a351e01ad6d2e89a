// Marks on their way to the server: each sent once, in order, however often the connection drops.
//
//   const queue = await openQueue({ viewer, sendUrl, token, on })
//     on.state(name, number)      saved | waiting | offline | signed-out
//     on.stored(change, stands)   the server has it; `stands` is the mark as it is now
//     on.conflict(change, stands) someone else marked this person meanwhile
//     on.refused(change, words)   it cannot be; the sentence says why
//   queue.add(change)             {session, person, status, arrived_at, left_at, reason, base_version}
//   queue.waiting(session)        what has not been stored yet, oldest first
//
// Once the counselor has turned on "Keep today's rosters on this device", what waits is kept in IndexedDB
// and survives a reload: ids and marks, no names. Without that it lives in this page only.

const DATABASE = 'attendance', STORE = 'changes', FLAG = 'keep-rosters', ROSTERS = 'rosters';
const RETRY_MS = 5000;

export const isKept = viewer => localStorage.getItem(FLAG) === viewer;

/** Turn keeping on, with the rosters to keep: [{url, seconds}], seconds until midnight at the site. */
export async function keep(viewer, rosters) {
  localStorage.setItem(FLAG, viewer);
  await navigator.serviceWorker.register('/sw.js');
  await Promise.all(rosters.map(keepRoster));
}

export async function keepRoster({ url, seconds }) {
  if (seconds <= 0) return;
  const answer = await fetch(`${url}?kept=1`, { redirect: 'error' });
  if (!answer.ok) return;
  const headers = new Headers(answer.headers);
  headers.set('X-Keep-Until', String(Date.now() + seconds * 1000));
  await (await caches.open(ROSTERS)).put(url, new Response(await answer.blob(), { headers }));
}

/** Turn keeping off: nothing of it stays. */
export async function forget() {
  localStorage.removeItem(FLAG);
  await caches.delete(ROSTERS);
  indexedDB.deleteDatabase(DATABASE);
  for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister();
}

export async function openQueue({ viewer, sendUrl, token, on }) {
  const store = isKept(viewer) ? await onDevice(viewer) : inPage();
  let sending = null, timer = 0, state = '';

  function show(name) {
    const number = store.all().length;
    const now = number ? name : 'saved';
    if (`${now} ${number}` === state) return;
    state = `${now} ${number}`;
    on.state(now, number);
  }

  // Whoever asks while marks are being sent waits with them.
  async function flush() {
    clearTimeout(timer);
    if (sending) return sending;
    if (!store.all().length) return show('saved');
    // Two pages of one device take turns, so that marks leave in the order they were made.
    sending = alone(sendAll);
    try { await sending; } finally { sending = null; }
  }

  async function sendAll() {
    await store.refresh();
    for (let change = store.all()[0]; change; change = store.all()[0]) {
      show('waiting');
      const outcome = await send(change);
      if (outcome === 'later') {
        timer = setTimeout(flush, RETRY_MS);
        return show(navigator.onLine ? 'waiting' : 'offline');
      }
      if (outcome === 'signed-out') return show('signed-out');
    }
    show('saved');
  }

  async function send(change) {
    const { key, n, viewer: _, ...body } = change;
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': token, 'Idempotency-Key': key };
    let answer, said;
    try {
      answer = await fetch(sendUrl, { method: 'POST', headers, body: JSON.stringify(body), redirect: 'error' });
      said = await answer.json();
    } catch { return 'later'; }
    document.dispatchEvent(new Event('app:used'));
    if (answer.status === 401 || answer.status === 400) return 'signed-out';
    if (answer.status >= 500 || answer.status === 429) return 'later';
    await store.remove(change);
    if (answer.ok) {
      // What was chosen next for this person was chosen on top of this mark.
      for (const next of store.all()) {
        if (next.session === change.session && next.person === change.person) {
          next.base_version = said.version;
          await store.put(next);
        }
      }
      on.stored(change, said);
    } else if (said.current) {
      const later = store.all().filter(next => next.session === change.session && next.person === change.person);
      for (const next of later) await store.remove(next);
      on.conflict(later.at(-1) ?? change, said.current);
    } else on.refused(change, said.message ?? 'Not saved. Load the page again.');
    return 'done';
  }

  addEventListener('online', flush);
  addEventListener('offline', () => show('offline'));
  document.addEventListener('visibilitychange', () => { if (!document.hidden) flush(); });

  return {
    isKept: store.isKept,
    flush,
    waiting: session => store.all().filter(change => change.session === session),
    total: () => store.all().length,
    async add(change) {
      await store.put({ ...change, key: crypto.randomUUID(), viewer, made_at: new Date().toISOString() });
      show(navigator.onLine ? 'waiting' : 'offline');
      await flush();
    },
  };
}

const alone = work => (navigator.locks ? navigator.locks.request('attendance-queue', work) : work());

function inPage() {
  let rows = [], last = 0;
  return {
    isKept: false,
    all: () => rows,
    refresh: async () => {},
    async put(row) { if (row.n) rows = rows.map(one => (one.n === row.n ? row : one)); else rows.push({ ...row, n: ++last }); },
    async remove(row) { rows = rows.filter(one => one.n !== row.n); },
  };
}

async function onDevice(viewer) {
  const database = await promised(openDatabase());
  const table = mode => database.transaction(STORE, mode).objectStore(STORE);
  let rows = [];
  const refresh = async () => {
    const found = await promised(table('readonly').getAll());
    rows = found.filter(row => row.viewer === viewer);
    // Somebody else's marks cannot be sent by this person, and are not theirs to see.
    for (const row of found) if (row.viewer !== viewer) table('readwrite').delete(row.n);
  };
  await refresh();
  return {
    isKept: true,
    all: () => rows,
    refresh,
    async put(row) { await promised(table('readwrite').put(row)); await refresh(); },
    async remove(row) { await promised(table('readwrite').delete(row.n)); await refresh(); },
  };
}

function openDatabase() {
  const asked = indexedDB.open(DATABASE, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'n', autoIncrement: true });
  return asked;
}

const promised = asked => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});
