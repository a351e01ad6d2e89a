// Painting the times of a week. The list form beside the grid does the same without this file.
//
// Three ways lead to fill(): dragging with a mouse; pressing the first cell and then the last one (the
// only way by touch, so the page still scrolls); and the keyboard.
//
// Markup: paint_grid() in templates/_macros/week.html, inside a form. What was painted is sent in
// hidden fields named `painted`, one per range: "0 780 1260 work" is Monday from 1 pm to 9 pm, minutes
// after midnight. They are sent only once something was changed; an untouched grid sends nothing, and
// `painted_any=1` marks that the grid speaks for the whole week (so an empty week can be saved, too).
// A cell with data-fixed belongs to an entry the grid cannot express; painting leaves it alone.
//   [data-paint-save] in the form (its button) is shown together with the grid.
//   data-impact-url on the form: asked after each change (POST of the form); the HTML it answers
//   replaces the content of #impact.

const STEP = 30;
const box = document.querySelector('[data-paint]');

if (box) start(box);

function start(box) {
  const table = box.querySelector('table');
  const form = box.closest('form');
  const say = text => { box.querySelector('[data-say]').textContent = text; };
  const buttons = [...table.querySelectorAll('button')];
  const days = [...table.querySelectorAll('thead th')].slice(1).map(th => th.querySelector('abbr')?.title ?? th.textContent);
  const words = Object.fromEntries([...box.querySelectorAll('.brush label')]
    .map(label => [label.querySelector('input').value, label.textContent.trim()]));
  const cells = new Map(buttons.map(button => [`${button.dataset.d}-${button.dataset.m}`, button]));
  const at = (day, minute) => cells.get(`${day}-${minute}`);
  const place = button => [Number(button.dataset.d), Number(button.dataset.m)];
  const minutes = [...new Set(buttons.map(button => Number(button.dataset.m)))].sort((a, b) => a - b);
  const [first, last] = [minutes[0], minutes.at(-1)];
  const brush = () => box.querySelector('.brush :checked').value;
  let here = at(0, 540) ?? buttons[0];
  let anchor = null;
  let drag = null;
  let justDragged = false;

  // ── The week as it stands ──────────────────────────────────────────────────────────────────────
  function put(day, from, to, kind) {
    for (let m = Math.min(from, to); m <= Math.max(from, to); m += STEP) {
      const button = at(day, m);
      if (button && !button.hasAttribute('data-fixed')) button.dataset.k = kind;
    }
  }
  // What was painted; entries the grid cannot express are not part of it.
  function ranges(day) {
    const found = [];
    for (const m of minutes) {
      const kind = at(day, m)?.dataset.k;
      if (!kind || at(day, m).hasAttribute('data-fixed')) continue;
      const open = found.at(-1);
      if (open && open.kind === kind && open.to === m) open.to = m + STEP;
      else found.push({ kind, from: m, to: m + STEP });
    }
    return found;
  }
  function column(day) { return minutes.map(m => at(day, m).dataset.k); }
  function restore(day, kinds) { minutes.forEach((m, i) => { at(day, m).dataset.k = kinds[i]; }); }

  function paint() {
    days.forEach((name, day) => {
      for (const m of minutes) {
        const button = at(day, m);
        const kind = button.dataset.k;
        const starts = Boolean(kind) && at(day, m - STEP)?.dataset.k !== kind;
        button.classList.toggle('first', starts);
        button.classList.toggle('last', Boolean(kind) && at(day, m + STEP)?.dataset.k !== kind);
        button.textContent = starts ? short(words[kind] ?? kind) : '';
        button.setAttribute('aria-label', `${name} ${clock(m)}, ${kind ? words[kind] ?? kind : 'free'}`);
        button.parentElement.setAttribute('aria-selected', kind ? 'true' : 'false');
      }
    });
  }
  function changed() {
    for (const old of form.querySelectorAll('input[data-painted]')) old.remove();
    hidden('painted_any', '1');
    days.forEach((_, day) => {
      for (const range of ranges(day)) hidden('painted', `${day} ${range.from} ${range.to} ${range.kind}`);
    });
    form.dispatchEvent(new Event('input', { bubbles: true }));
    askImpact();
  }
  function hidden(name, value) {
    const input = document.createElement('input');
    Object.assign(input, { type: 'hidden', name, value });
    input.dataset.painted = '';
    form.append(input);
  }

  // ── What a change would do, asked of the server a moment after the last one ────────────────────
  let waiting = 0;
  let asked = 0;
  function askImpact() {
    const url = form.dataset.impactUrl;
    const target = document.getElementById('impact');
    if (!url || !target) return;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const mine = ++asked;
      const answer = await fetch(url, { method: 'POST', body: new FormData(form) }).catch(() => null);
      if (!answer?.ok || mine !== asked) return;
      const text = await answer.text();
      target.replaceChildren(...new DOMParser().parseFromString(text, 'text/html').body.childNodes);
    }, 400);
  }

  function fill(day, from, to) {
    const kind = brush();
    put(day, from, to, kind);
    paint();
    changed();
    const low = Math.min(from, to);
    const high = Math.max(from, to) + STEP;
    const whole = kind && ranges(day).find(r => r.kind === kind && r.from <= low && r.to >= high);
    const { from: a, to: b } = whole || { from: low, to: high };
    say(`${kind ? words[kind] : 'Cleared'}, ${days[day]} ${clock(a)} to ${clock(b)}`);
  }

  // ── One tab stop, moved with the arrows ────────────────────────────────────────────────────────
  function focusOn(button) {
    if (!button) return;
    here.tabIndex = -1;
    here = button;
    here.tabIndex = 0;
    here.focus();
  }
  function dropAnchor() {
    if (anchor) at(...anchor).classList.remove('anchor');
    anchor = null;
  }
  function press(button) {
    const [day, minute] = place(button);
    if (!anchor && button.hasAttribute('data-fixed')) {
      say('This one is in the list. Change it there.');
      return;
    }
    if (anchor && anchor[0] === day) {
      const from = anchor[1];
      dropAnchor();
      fill(day, from, minute);
      return;
    }
    dropAnchor();
    anchor = [day, minute];
    button.classList.add('anchor');
    say(`Start ${days[day]} ${clock(minute)}. Now choose the last time.`);
  }

  table.addEventListener('pointerdown', event => {
    const button = event.target.closest('button');
    if (!button || event.pointerType === 'touch' || event.button !== 0) return;
    event.preventDefault();
    focusOn(button);
    const [day, minute] = place(button);
    drag = { day, minute, end: minute, moved: false, before: column(day) };
  });
  table.addEventListener('pointerover', event => {
    const button = event.target.closest?.('button');
    if (!drag || !button) return;
    const minute = place(button)[1];
    if (minute !== drag.minute) drag.moved = true;
    if (!drag.moved) return;
    restore(drag.day, drag.before);
    drag.end = minute;
    put(drag.day, drag.minute, minute, brush());
    paint();
  });
  addEventListener('pointerup', () => {
    if (drag?.moved) {
      fill(drag.day, drag.minute, drag.end);
      justDragged = true;
      setTimeout(() => { justDragged = false; });
    }
    drag = null;
  });
  table.addEventListener('click', event => {
    const button = event.target.closest('button');
    if (!button || justDragged) return;
    focusOn(button);
    press(button);
  });
  table.addEventListener('keydown', event => {
    const button = event.target.closest('button');
    if (!button) return;
    const [day, minute] = place(button);
    const target = {
      ArrowUp: [day, minute - STEP], ArrowDown: [day, minute + STEP],
      ArrowLeft: [day - 1, minute], ArrowRight: [day + 1, minute],
      Home: [0, minute], End: [days.length - 1, minute], PageUp: [day, first], PageDown: [day, last],
    }[event.key];
    if (target) {
      const next = at(...target);
      if (next && event.shiftKey && target[0] === day) fill(day, minute, target[1]);
      focusOn(next);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      put(day, minute, minute, '');
      paint();
      changed();
      say(`Cleared, ${days[day]} ${clock(minute)} to ${clock(minute + STEP)}`);
    } else if (event.key === 'Escape' && anchor) {
      dropAnchor();
      say('Canceled');
    } else return;
    event.preventDefault();
  });

  here.tabIndex = 0;
  paint();
  box.hidden = false;
  for (const part of form.querySelectorAll('[data-paint-save]')) part.hidden = false;
}

function clock(minute) {
  const hour = Math.floor(minute / 60);
  const rest = minute % 60;
  return `${hour % 12 || 12}${rest ? `:${String(rest).padStart(2, '0')}` : ''} ${hour % 24 < 12 ? 'am' : 'pm'}`;
}

// The block in the grid is narrow: "Child or family care" reads "Family" there.
function short(words) { return words === 'Child or family care' ? 'Family' : words === 'Something else' ? 'Busy' : words; }
