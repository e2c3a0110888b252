/* Small behaviours that HTML and htmx do not give. No dependencies, no inline handlers. */
(() => {
  const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const on = (t, f) => document.addEventListener(t, f);

  /* Inline edit: double-click or F2 on a [data-edit] cell presses its own pencil button; Esc presses Cancel. */
  on('dblclick', e => { const c = e.target.closest('[data-edit]'); if (c && !e.target.closest('form')) $('[data-edit-open]', c)?.click(); });
  on('keydown', e => {
    const c = e.target.closest('[data-edit]');
    if (c && e.key === 'F2') { e.preventDefault(); $('[data-edit-open]', c)?.click(); }
    if (c && e.key === 'Escape') $('[data-cancel]', c)?.click();
  });
  /* Leaving the cell saves a changed value. Not when the whole window loses focus: people go and copy the link. */
  let pressed; on('pointerdown', e => pressed = e.target);
  on('focusout', e => {
    const f = e.target.closest('[data-edit] form'), i = f && $('.input', f); if (!i) return;
    setTimeout(() => {
      if (!f.isConnected || !document.hasFocus() || f.contains(document.activeElement) || f.contains(pressed) && document.activeElement === document.body) return;
      if (i.value !== i.defaultValue) { f.elements.via.value = 'blur'; f.requestSubmit(); }
    });
  });

  /* Grids ([data-rove="selector"]: timeline, month calendar): one tab stop; arrow keys, Home and End move inside (mirrored in right-to-left pages). */
  on('keydown', e => {
    const g = e.target.closest('[data-rove]'), q = g?.dataset.rove, b = q && e.target.closest(q), row = b?.closest('tr'); if (!row) return;
    const bs = $$(q, row), i = bs.indexOf(b), rtl = document.dir === 'rtl' ? -1 : 1, x = b.getBoundingClientRect().left, off = s => Math.abs(s.getBoundingClientRect().left - x);
    const near = r => r && $$(q, r).sort((m, n) => off(m) - off(n))[0];
    const to = { ArrowRight: bs[i + rtl], ArrowLeft: bs[i - rtl], ArrowDown: near(row.nextElementSibling), ArrowUp: near(row.previousElementSibling), Home: bs[0], End: bs.at(-1) }[e.key];
    if (!to) return;
    e.preventDefault(); $$(q, row.closest('tbody')).forEach(s => s.tabIndex = -1); to.tabIndex = 0; to.focus();
  });

  /* Menus (<details class=menu>): Esc and a click elsewhere close them; Esc returns focus to the summary. */
  on('click', e => $$('details.menu[open]').forEach(d => { if (!d.contains(e.target) || e.target.closest('.menu li > *')) d.open = false; }));
  on('keydown', e => { const d = e.key === 'Escape' && e.target.closest('details.menu[open]'); if (d) { d.open = false; $('summary', d).focus(); } });

  /* A dialog that a page or an answer brings to be seen at once: <dialog data-open>. */
  const show = () => $$('dialog[data-open]:not([open])').forEach(d => { delete d.dataset.open; d.showModal(); });
  on('DOMContentLoaded', show); on('htmx:afterSettle', show);

  /* A box that ticks all of a name in its form: <input type=checkbox data-all="a">. */
  on('change', e => { const b = e.target; if (b.dataset.all) $$(`[name="${b.dataset.all}"]`, b.form).forEach(c => c.checked = b.checked); });

  /* In which zone this browser is, so that pages can show its time beside the school's. */
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone, https = location.protocol === 'https:' ? '; secure' : '';
  if (zone) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax${https}`;

  /* A double click sends a form once: else its second answer, of which there was nothing left to do, is the one that is seen. */
  let last; on('submit', e => { if (e.target === last) return e.preventDefault(); last = e.target; setTimeout(() => last = null, 700); });

  /* Who leaves a form for which times are held gives them back; who sends it does not. */
  let sent; on('submit', () => sent = true); on('htmx:afterRequest', () => sent = false);
  /* A reload is a leaving too, of which the new page may have known nothing yet. */
  if (performance.getEntriesByType('navigation')[0]?.type === 'reload') setTimeout(() => $('#hold')?.dispatchEvent(new Event('again')), 2000);
  addEventListener('pagehide', () => { const h = $('#hold[data-left]'); if (h && !sent) navigator.sendBeacon(h.dataset.left, new URLSearchParams({ csrf: h.dataset.csrf })); });

  /* Dialogs, toasts, print, pause */
  on('click', e => { const d = e.target.closest('[data-close]')?.closest('dialog'); if (d) { e.preventDefault(); d.close(); } });
  on('click', e => {
    const t = e.target.closest('button'); if (!t) return;
    if (t.dataset.dialog) { $('summary', t.closest('details.menu') || t)?.focus(); $('#' + t.dataset.dialog).showModal(); } /* focus comes back to what had it */
    if ('dismiss' in t.dataset) t.closest('.toast').remove();
    if (t.dataset.copy) navigator.clipboard?.writeText($('#' + t.dataset.copy).textContent).then(() => $('#say').textContent = t.dataset.copied);
    if ('print' in t.dataset) print();
    if (t.hasAttribute('aria-pressed')) t.setAttribute('aria-pressed', t.getAttribute('aria-pressed') !== 'true');
    if (t.dataset.macro) {
      const f = $('#' + t.dataset.for);
      f.focus(); f.setRangeText(t.dataset.macro, f.selectionStart, f.selectionEnd, 'end');
      f.dispatchEvent(new Event('input', { bubbles: true }));
    }
  });
})();
