/* htmx glue: confirm dialog, pausable live sections, one place for errors. Same file for htmx 2.0 and 4.0.
   Texts are translated by the server: <template id="tpl-toast" data-network="…" data-denied="…" data-failed="…" data-unknown="…">. */
(() => {
  const $ = s => document.querySelector(s), on = (names, f) => names.forEach(n => document.addEventListener(n, f));
  const source = e => e.detail.ctx?.sourceElement || e.detail.elt, is = (e, what) => source(e)?.matches(what);
  const live = e => is(e, '[data-live]'), quiet = e => is(e, '[data-live], [hx-trigger^=every]'); /* both ask again by themselves */
  const verb = e => e.detail.ctx?.request?.method ?? e.detail.requestConfig?.verb ?? 'get', looks = e => verb(e).toLowerCase() === 'get' || !!source(e)?.closest('[data-look], [role=search]'); /* some ask by POST */
  const toast = key => { const t = $('#tpl-toast'), c = t.content.cloneNode(true); c.querySelector('span').textContent = t.dataset[key]; $('#toasts').replaceChildren(c); };
  /* What a person has opened in a live section, or pressed, stays so when the section is refreshed. */
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === 'open' && node.closest('[data-live]') || name === 'aria-pressed');
  on(['htmx:confirm'], e => {
    const question = e.detail.ctx ? e.detail.ctx.confirm : e.detail.question; if (!question) return;
    e.preventDefault();
    const d = $('#confirm'); d.querySelector('p').textContent = question; d.returnValue = '';
    d.addEventListener('close', () => d.returnValue === 'ok' ? e.detail.issueRequest(true) : e.detail.dropRequest?.(), { once: true });
    d.showModal();
  });
  on(['htmx:beforeRequest', 'htmx:before:request'], e => {
    const paused = document.hidden || $('[data-live-pause][aria-pressed=true]') || source(e).querySelector('form :is(input, select, textarea):focus, dialog[open]');
    if (live(e) && paused) e.preventDefault();
  });
  /* A form that was asked for into a <dialog> opens it; focus comes back to the menu that it was asked from. */
  on(['htmx:afterSwap'], e => {
    const d = e.detail.target; if (d?.tagName !== 'DIALOG' || d.open) return;
    e.detail.requestConfig?.elt.closest('details.menu')?.querySelector('summary').focus(); d.showModal();
  });
  /* Of a deed without an answer nobody knows here whether it was carried out. */
  const lost = e => { if (!quiet(e)) toast(looks(e) ? 'network' : 'unknown'); };
  on(['htmx:sendError', 'htmx:timeout'], lost);
  on(['htmx:error'], e => { if (e.detail.ctx) lost(e); }); /* 4.0 only: 2.0 repeats every error under this name */
  on(['htmx:responseError', 'htmx:response:error'], e => {
    /* 401 carries HX-Redirect to sign-in: htmx leaves the page by itself */
    const s = e.detail.ctx?.response?.status ?? e.detail.xhr.status;
    if (s !== 401 && s !== 409 && s !== 422 && !quiet(e)) toast(s < 500 ? 'denied' : looks(e) ? 'failed' : 'unknown');
  });
})();
