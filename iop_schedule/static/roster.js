// Taking attendance faster. The form (templates/_macros/roster.html) works without this file.
//
//   letters P L E N set the person whose card has the focus and go on to the next; Up and Down move
//   "Mark the other n present" marks in place, once, and can be undone
//   "Finish" waits for everyone: pressed too early it goes to the first person still to mark
//   form[data-send-url]: each mark is saved by itself (queue.js) and the pill on top says where it is;
//   what others mark arrives every 15 seconds, and two marks of one person are shown side by side

const form = document.querySelector('form[data-roster]');
const PICKS = ['present', 'late', 'excused', 'absent'];
const WORDS = { present: 'Present', late: 'Late', excused: 'Excused', absent: 'Not here', '': 'To mark' };
const LETTERS = { p: 'present', l: 'late', e: 'excused', n: 'absent' };
// After marking the rest, the finish button may lie under the same finger: it sleeps this long.
const DOUBLE_TAP_MS = 500;
// A time is typed digit by digit: it is sent once the hand rests.
const TYPING_MS = 700;
const LOOK_MS = 15_000;

if (form) start(form);

function start(form) {
  const seats = [...form.querySelectorAll('[data-seat]')].filter(seat => radios(seat).length);
  const foot = form.querySelector('[data-foot]');
  const finish = form.querySelector('[data-finish]');
  const rest = form.querySelector('[data-mark-rest]');
  const undo = form.querySelector('[data-undo]');
  const bar = form.querySelector('svg.seg');
  const guarded = finish?.hasAttribute('data-finish-guard');
  let remembered = null;
  let sleeping = 0;

  function paint() {
    const n = { present: 0, late: 0, excused: 0, absent: 0, todo: 0 };
    for (const seat of seats) n[chosen(seat) || 'todo'] += 1;
    n.rest = seats.filter(isRest).length;
    n.marked = seats.length - n.todo;
    for (const element of form.querySelectorAll('[data-n]')) element.textContent = n[element.dataset.n];
    if (bar) paintBar(bar, n, seats.length);
    if (rest) rest.hidden = n.rest === 0;
    if (guarded) finish.setAttribute('aria-disabled', n.todo ? 'true' : 'false');
    if (foot) tell(n);
  }

  // Whoever told us that they cannot come waits for a word of their own.
  function isRest(seat) {
    return !chosen(seat) && !seat.hasAttribute('data-away');
  }

  function tell(n) {
    const [head, words] = foot.querySelector('[data-foot-status]').children;
    head.textContent = n.todo
      ? `${n.todo} ${n.todo === 1 ? 'person' : 'people'} still to mark`
      : `${n.present + n.late} here, ${n.excused + n.absent} away`;
    words.textContent = n.todo ? 'Reasons can wait until later.' : foot.dataset.doneWords;
  }

  // Marks made by this file, not by a press, are announced to whoever saves them.
  function noticed(...touched) {
    form.dispatchEvent(new Event('input', { bubbles: true }));
    for (const seat of touched) seat.dispatchEvent(new Event('seat:marked', { bubbles: true }));
  }

  form.addEventListener('change', event => {
    const seat = event.target.closest('[data-seat]');
    if (!seat || event.target.name?.startsWith('resolve-')) return;
    if (event.target.value === 'late') fillArrival(seat, form.dataset.zone);
    paint();
    seat.dispatchEvent(new CustomEvent('seat:marked', { bubbles: true, detail: { typing: event.target.type === 'time' } }));
  });

  rest?.addEventListener('click', event => {
    event.preventDefault();
    remembered = seats.map(chosen);
    const marked = seats.filter(isRest);
    for (const seat of marked) choose(seat, 'present');
    paint();
    noticed(...marked);
    undo.hidden = false;
    finish.disabled = true;
    sleeping = setTimeout(() => { finish.disabled = false; finish.focus({ preventScroll: true }); }, DOUBLE_TAP_MS);
  });

  undo?.addEventListener('click', () => {
    clearTimeout(sleeping);
    finish.disabled = false;
    const changed = seats.filter((seat, i) => chosen(seat) !== remembered[i]);
    seats.forEach((seat, i) => choose(seat, remembered[i]));
    remembered = null;
    undo.hidden = true;
    paint();
    noticed(...changed);
    rest.focus();
  });

  form.addEventListener('submit', event => {
    const waiting = guarded && event.submitter === finish
      && seats.find(seat => !chosen(seat) || seat.querySelector('.conflict[role=alert]'));
    if (!waiting) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    goTo(waiting);
  }, true);

  // Letters act only while the focus is in someone's card, and never while typing a time (WCAG 2.1.4).
  form.addEventListener('keydown', event => {
    const seat = event.target.closest('[data-seat]');
    if (!seat || event.ctrlKey || event.metaKey || event.altKey || event.target.matches('[type=time], select')) return;
    const at = seats.indexOf(seat);
    const pick = form.closest('[data-no-letters]') ? undefined : LETTERS[event.key.toLowerCase()];
    if (pick) {
      choose(seat, pick);
      if (pick === 'late') fillArrival(seat, form.dataset.zone);
      paint();
      noticed(seat);
      goTo(seats[at + 1]);
    } else if (event.key === 'ArrowDown') goTo(seats[at + 1]);
    else if (event.key === 'ArrowUp') goTo(seats[at - 1]);
    else return;
    event.preventDefault();
  });

  foot?.classList.add('js');
  const keys = form.querySelector('[data-keys]');
  if (keys) keys.hidden = false;
  paint();
  if (form.dataset.sendUrl && form.querySelector('[data-save]')) saveByItself(form, { seats, finish, paint });
}

// ── Each mark is saved by itself ─────────────────────────────────────────────────────────────────
async function saveByItself(form, { seats, finish, paint }) {
  // Who is marked while the queue is still on its way is sent once it is there.
  const early = new Set();
  const remember = event => early.add(event.target);
  form.addEventListener('seat:marked', remember);
  const { openQueue, isKept, keepRoster } = await import(document.querySelector('script[data-queue]').dataset.queue);
  const session = Number(form.dataset.session);
  const pill = document.getElementById('sync');
  const save = form.querySelector('[data-save]');
  const finishWords = finish.querySelector('[data-finish-words]');
  const typing = new Map();
  let unsaved = 0;

  const queue = await openQueue({
    viewer: form.dataset.viewer,
    sendUrl: form.dataset.sendUrl,
    token: form.elements.csrf_token.value,
    on: {
      state(name, number) {
        const kept = queue?.isKept;
        const words = {
          saved: unsaved ? `Could not save ${unsaved}, see below` : 'All changes saved',
          waiting: `${number} waiting to send`,
          offline: kept ? 'Offline, saved on this device' : `Offline, ${number} on this page only`,
          'signed-out': `Sign in again to send ${number}`,
        }[name];
        pill.lastElementChild.textContent = words;
        pill.classList.toggle('waiting', name === 'waiting' || name === 'offline');
        pill.classList.toggle('failed', name === 'signed-out' || (name === 'saved' && unsaved > 0));
        finishWords.textContent = name === 'offline' ? 'Finish when online' : 'Finish and sign';
        const out = document.querySelector('.account form, form[action$="sign-out"]');
        if (out && number) out.dataset.confirm = `${number} ${number === 1 ? 'mark is' : 'marks are'} not sent yet. Sign out and lose them?`;
        else if (out) delete out.dataset.confirm;
      },
      stored(change, stands) {
        const seat = seatOf(change);
        if (!seat) return;
        seat.querySelector('.error-text')?.remove();
        version(seat).value = stands.version;
        if (!isTouched(change.person)) show(seat, stands);
      },
      conflict(change, stands) {
        const seat = seatOf(change);
        if (seat) ask(seat, change, stands);
      },
      refused(change, words) {
        unsaved += 1;
        const seat = seatOf(change);
        if (seat) complain(seat, words);
      },
    },
  });

  // The form would warn before leaving although everything is saved; from here on, this decides.
  form.removeAttribute('data-guard');
  save.hidden = true;
  addEventListener('beforeunload', event => { if (queue.total() && !queue.isKept && !leaving) event.preventDefault(); });
  let leaving = false;

  const seatOf = change => (change.session === session ? seats.find(seat => Number(seat.dataset.seat) === change.person) : null);
  const isTouched = person => typing.has(person) || queue.waiting(session).some(change => change.person === person);
  const version = seat => seat.querySelector('[name^="version-"]');
  const field = (seat, name) => seat.querySelector(`[name^="${name}-"]`);

  function typed(seat) {
    const status = chosen(seat) ?? '';
    const here = status === 'present' || status === 'late';
    return {
      status,
      arrived_at: status === 'late' ? field(seat, 'arrived').value : '',
      left_at: here ? field(seat, 'left')?.value ?? '' : '',
      reason: status && !here ? field(seat, 'reason')?.value ?? '' : '',
    };
  }

  function send(seat, base = Number(version(seat).value)) {
    const person = Number(seat.dataset.seat);
    typing.delete(person);
    const mark = typed(seat);
    if (mark.status === 'late' && !mark.arrived_at) return complain(seat, 'Enter the time they arrived.');
    seat.querySelector('.error-text')?.remove();
    if (unsaved) unsaved -= 1;
    return queue.add({ session, person, ...mark, base_version: base });
  }

  form.removeEventListener('seat:marked', remember);
  form.addEventListener('seat:marked', event => {
    const seat = event.target, person = Number(seat.dataset.seat);
    if (seat.querySelector('.conflict[role=alert]')) return;
    clearTimeout(typing.get(person));
    if (event.detail?.typing) typing.set(person, setTimeout(() => send(seat), TYPING_MS));
    else send(seat);
  });

  // Signing needs a connection and everything stored; then the form itself asks for it.
  form.addEventListener('submit', async event => {
    if (event.submitter !== finish) { leaving = true; return; }
    for (const [person, timer] of typing) { clearTimeout(timer); send(seats.find(seat => Number(seat.dataset.seat) === person)); }
    if (!queue.total()) { leaving = true; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    for (let tries = 0; tries < 40 && queue.total() && navigator.onLine; tries += 1) {
      await queue.flush();
      if (queue.total()) await new Promise(resolve => setTimeout(resolve, 150));
    }
    if (!queue.total() && !form.querySelector('.conflict[role=alert], .error-text')) form.requestSubmit(finish);
  }, true);

  function show(seat, stands) {
    choose(seat, stands.status);
    if (stands.arrived_at) field(seat, 'arrived').value = stands.arrived_at;
    if (field(seat, 'left')) field(seat, 'left').value = stands.left_at;
    if (field(seat, 'reason') && stands.reason) field(seat, 'reason').value = stands.reason;
    version(seat).value = stands.version;
    paint();
  }

  function complain(seat, words) {
    seat.querySelector('.error-text')?.remove();
    const line = document.createElement('p');
    line.className = 'error-text';
    line.setAttribute('role', 'alert');
    line.textContent = words;
    seat.querySelector('.pick').before(line);
  }

  // "Dana marked Jon P. Late at 9:14 am. You chose Present."
  function ask(seat, change, stands) {
    seat.querySelector('.conflict')?.remove();
    const box = document.getElementById('conflict').content.firstElementChild.cloneNode(true);
    const name = seat.querySelector('[data-name]').textContent;
    const at = stands.at ? ` at ${stands.at}` : '';
    box.querySelector('p').textContent = `${stands.by || 'Someone else'} marked ${name} ${WORDS[stands.status]}${at}. You chose ${WORDS[change.status]}.`;
    box.querySelector('[data-keep=theirs]').textContent = `Keep theirs: ${WORDS[stands.status]}`;
    box.querySelector('[data-keep=mine]').textContent = `Use mine: ${WORDS[change.status]}`;
    box.addEventListener('click', event => {
      const choice = event.target.closest('[data-keep]')?.dataset.keep;
      if (!choice) return;
      box.remove();
      show(seat, stands);
      if (choice === 'mine') {
        const { key, n, viewer, made_at, base_version, ...mark } = change;
        show(seat, { ...stands, ...mark });
        queue.add({ ...mark, base_version: stands.version });
      }
      goTo(seat);
    });
    seat.querySelector('.pick').before(box);
  }

  // What others mark meanwhile; a person touched here keeps what the hand chose.
  async function look() {
    if (document.hidden || !navigator.onLine) return;
    let now;
    try {
      const answer = await fetch(form.dataset.nowUrl, { headers: { Accept: 'application/json' }, redirect: 'error' });
      if (!answer.ok) return;
      now = await answer.json();
    } catch { return; }
    for (const stands of now.marks) {
      const seat = seats.find(one => Number(one.dataset.seat) === stands.person);
      if (!seat || isTouched(stands.person) || seat.querySelector('.conflict[role=alert]')) continue;
      if (stands.version > Number(version(seat).value)) show(seat, stands);
    }
    const listed = now.marks.length === seats.length && now.marks.every(one => seats.some(seat => Number(seat.dataset.seat) === one.person));
    if (now.closed || !listed) announce(now.closed ? 'This sheet has been signed. Load the page again to see it.' : 'The list has changed. Load the page again to see it.');
  }

  function announce(words) {
    const messages = document.getElementById('messages');
    if ([...messages.children].some(one => one.textContent === words)) return;
    const line = document.createElement('p');
    line.className = 'note info';
    line.textContent = words;
    messages.append(line);
  }

  for (const seat of early) send(seat);
  // Marks that waited through a reload stand on the page again, and leave first.
  for (const change of queue.waiting(session)) {
    const seat = seatOf(change);
    if (seat) show(seat, { ...change, version: version(seat).value });
  }
  form.dataset.ready = 'yes';
  setInterval(look, LOOK_MS);
  if (isKept(form.dataset.viewer) && navigator.onLine) {
    keepRoster({ url: location.pathname, seconds: Number(form.dataset.keepFor) }).catch(() => {});
  }
  queue.flush();
}

function radios(seat) { return [...seat.querySelectorAll('.pick input')]; }
function chosen(seat) { return radios(seat).find(radio => radio.checked)?.value ?? null; }
function choose(seat, value) { for (const radio of radios(seat)) radio.checked = radio.value === value; }

function goTo(seat) {
  if (!seat) return;
  const target = seat.querySelector('.conflict button') ?? radios(seat).find(radio => radio.checked) ?? radios(seat)[0];
  target.focus({ preventScroll: true });
  seat.scrollIntoView({ block: 'nearest' });
}

// While the session is on, the arrival time becomes the present time: the page may have been open for a
// while. What somebody typed or saved stays, and once the session is over nobody can know.
function fillArrival(seat, zone) {
  const input = seat.querySelector('input[type=time][data-suggests-now]');
  if (!input || input.value !== input.defaultValue) return;
  input.value = clockAt(zone) ?? input.value;
}

// The wall clock of the site, which this device may be far away from; null when it cannot be told.
function clockAt(zone) {
  if (!zone) return null;
  try {
    const shown = { timeZone: zone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' };
    return new Intl.DateTimeFormat('en-US', shown).format(new Date());
  } catch {
    return null;
  }
}

function paintBar(bar, n, total) {
  const unit = 120 / (total || 1);
  let x = 0;
  PICKS.forEach((pick, i) => {
    const part = bar.children[i];
    part.setAttribute('x', x);
    part.setAttribute('width', n[pick] * unit);
    x += n[pick] * unit;
  });
}
