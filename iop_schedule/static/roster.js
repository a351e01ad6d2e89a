// Taking attendance faster. The form (templates/_macros/roster.html) works without this file.
//
//   letters P L E N set the person whose card has the focus and go on to the next; Up and Down move
//   "Mark the other n present" marks in place, once, and can be undone
//   "Finish" waits for everyone: pressed too early it goes to the first person still to mark

const form = document.querySelector('form[data-roster]');
const PICKS = ['present', 'late', 'excused', 'absent'];
const LETTERS = { p: 'present', l: 'late', e: 'excused', n: 'absent' };
// After marking the rest, the finish button may lie under the same finger: it sleeps this long.
const DOUBLE_TAP_MS = 500;

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
    for (const seat of seats) n[chosen(seat) ?? 'todo'] += 1;
    n.marked = seats.length - n.todo;
    for (const element of form.querySelectorAll('[data-n]')) element.textContent = n[element.dataset.n];
    if (bar) paintBar(bar, n, seats.length);
    if (rest) rest.hidden = n.todo === 0;
    if (guarded) finish.setAttribute('aria-disabled', n.todo ? 'true' : 'false');
    if (foot) tell(n);
  }

  function tell(n) {
    const [head, words] = foot.querySelector('[data-foot-status]').children;
    head.textContent = n.todo
      ? `${n.todo} ${n.todo === 1 ? 'person' : 'people'} still to mark`
      : `${n.present + n.late} here, ${n.excused + n.absent} away`;
    words.textContent = n.todo ? 'Reasons can wait until later.' : foot.dataset.doneWords;
  }

  function noticed() { form.dispatchEvent(new Event('input', { bubbles: true })); }

  form.addEventListener('change', event => {
    if (event.target.type !== 'radio') return;
    if (event.target.value === 'late') fillArrival(event.target.closest('[data-seat]'), form.dataset.zone);
    paint();
  });

  rest?.addEventListener('click', event => {
    event.preventDefault();
    remembered = seats.map(chosen);
    for (const seat of seats) if (!chosen(seat)) choose(seat, 'present');
    paint();
    noticed();
    undo.hidden = false;
    finish.disabled = true;
    sleeping = setTimeout(() => { finish.disabled = false; finish.focus({ preventScroll: true }); }, DOUBLE_TAP_MS);
  });

  undo?.addEventListener('click', () => {
    clearTimeout(sleeping);
    finish.disabled = false;
    seats.forEach((seat, i) => choose(seat, remembered[i]));
    remembered = null;
    undo.hidden = true;
    paint();
    rest.focus();
  });

  form.addEventListener('submit', event => {
    const waiting = guarded && event.submitter === finish && seats.find(seat => !chosen(seat));
    if (!waiting) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    goTo(waiting);
  }, true);

  // Letters act only while the focus is in someone's card, and never while typing a time (WCAG 2.1.4).
  form.addEventListener('keydown', event => {
    const seat = event.target.closest('[data-seat]');
    if (!seat || event.ctrlKey || event.metaKey || event.altKey || event.target.type === 'time') return;
    const at = seats.indexOf(seat);
    const pick = form.hasAttribute('data-no-letters') ? undefined : LETTERS[event.key.toLowerCase()];
    if (pick) {
      choose(seat, pick);
      if (pick === 'late') fillArrival(seat, form.dataset.zone);
      paint();
      noticed();
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
}

function radios(seat) { return [...seat.querySelectorAll('.pick input')]; }
function chosen(seat) { return radios(seat).find(radio => radio.checked)?.value ?? null; }
function choose(seat, value) { for (const radio of radios(seat)) radio.checked = radio.value === value; }

function goTo(seat) {
  if (!seat) return;
  const target = radios(seat).find(radio => radio.checked) ?? radios(seat)[0];
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
