// The heat map as one stop of the Tab key: arrow keys move between days, Home and End along a week's row.
// Without this script each day is a link like any other.

for (const map of document.querySelectorAll('[data-heat]')) {
  const rows = [...map.tBodies[0].rows].map(row => [...row.cells].slice(1).map(cell => cell.querySelector('a')));
  const days = rows.flat().filter(Boolean);
  const enter = day => {
    for (const other of days) other.tabIndex = other === day ? 0 : -1;
  };
  if (days.length) enter(days.at(-1));
  map.addEventListener('focusin', event => {
    if (days.includes(event.target)) enter(event.target);
  });
  map.addEventListener('keydown', event => {
    const y = rows.findIndex(row => row.includes(event.target));
    if (y < 0) return;
    const x = rows[y].indexOf(event.target);
    const found = next(event.key, x, y);
    if (!found) return;
    event.preventDefault();
    found.focus();
  });

  // The nearest day with a session in that direction.
  function next(key, x, y) {
    const row = rows[y];
    const column = rows.map(each => each[x]);
    switch (key) {
      case 'ArrowRight': return row.slice(x + 1).find(Boolean);
      case 'ArrowLeft': return row.slice(0, x).findLast(Boolean);
      case 'ArrowDown': return column.slice(y + 1).find(Boolean);
      case 'ArrowUp': return column.slice(0, y).findLast(Boolean);
      case 'Home': return row.find(Boolean);
      case 'End': return row.findLast(Boolean);
      default: return null;
    }
  }
}
