"use strict";
// Filtering, moving about the matrix, and opening its cells. All text is read from the page and put
// back as text: nothing here makes markup of a string.
(() => {
  const one = (what, where = document) => where.querySelector(what);
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const lower = (node) => node.textContent.toLowerCase().replace(/\s+/g, " ");

  const grid = one(".grid");
  const heads = all("thead th[data-limit]", grid);
  const names = heads.map((head) => head.textContent);
  const hostRows = all("#hosts tr[data-host]");
  const controls = all("details.control");
  const rows = all("tbody tr", grid).map((row, at) => ({ row, cells: all("td", row), control: controls[at] }));

  // ---- What can be searched: gathered when it is first asked for.
  let texts;
  const gather = () => {
    const hosts = hostRows.map(lower);
    const told = new Map(all("article.result").map((result) => [result.id, lower(one(".told", result))]));
    texts = rows.map(({ cells, control }) => {
      const about = lower(one("summary", control)) + " " + lower(one(".facts", control));
      return cells.map((cell, at) => {
        const link = one("a", cell);
        return link && [about, hosts[at], told.get(link.hash.slice(1))].join("\n");
      });
    });
    return texts;
  };

  // ---- The filter. It lives in the address, so that a view can be sent on.
  const words = one("#words");
  const chips = all(".chip");
  const pressed = (kind) =>
    chips.filter((chip) => chip.dataset[kind] && chip.ariaPressed === "true").map((chip) => chip.dataset[kind]);

  const filterRequirements = (terms, verdicts) => {
    let seen = 0;
    for (const requirement of all("details.requirement")) {
      const name = lower(one("summary", requirement));
      const fits = (text) => terms.every((term) => text.includes(term));
      let statements = 0;
      for (const statement of all(".statement", requirement)) {
        const hit = fits(name + " " + lower(statement));
        statement.hidden = !hit;
        statements += hit;
      }
      const wanted = !verdicts.length || verdicts.includes(requirement.dataset.verdict);
      requirement.hidden = !wanted || !statements;
      requirement.open = terms.length > 0 ? !requirement.hidden && !fits(name) : requirement.open;
      seen += !requirement.hidden;
    }
    return seen;
  };

  const filterCells = (terms, outcomes) => {
    const columns = heads.map(() => false);
    const results = new Map();
    let rowsSeen = 0;
    const known = terms.length ? texts || gather() : null;
    rows.forEach(({ row, cells, control }, r) => {
      let any = false;
      cells.forEach((cell, c) => {
        const text = known && known[r][c];
        const hit =
          (!terms.length || (text && terms.every((term) => text.includes(term)))) &&
          (!outcomes.length || outcomes.includes(cell.dataset.outcome));
        cell.classList.toggle("dim", !hit);
        const link = one("a", cell);
        if (!hit || !link) return;
        any = columns[c] = true;
        results.set(link.hash.slice(1), true);
      });
      row.hidden = control.hidden = !any;
      rowsSeen += any;
    });
    heads.forEach((head, c) => {
      head.hidden = hostRows[c].hidden = !columns[c];
      rows.forEach(({ cells }) => (cells[c].hidden = !columns[c]));
    });
    all("article.result").forEach((result) => (result.hidden = !results.has(result.id)));
    return [rowsSeen, columns.filter(Boolean).length];
  };

  const filter = () => {
    const terms = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [outcomes, verdicts] = [pressed("outcome"), pressed("verdict")];
    const active = terms.length + outcomes.length + verdicts.length > 0;
    const requirements = filterRequirements(terms, verdicts);
    const [controlsSeen, hostsSeen] = filterCells(terms, outcomes);
    one("#clear").hidden = !active;
    one("#nothing").hidden = requirements + controlsSeen > 0;
    for (const [id, seen] of [["requirements", requirements], ["matrix", controlsSeen], ["hosts", hostsSeen], ["controls", controlsSeen]]) {
      const section = document.getElementById(id);
      if (section) section.hidden = seen === 0;
    }
    one("#shown").textContent = active ? `${controlsSeen}/${rows.length} × ${hostsSeen}/${heads.length}` : "";
    document.body.classList.toggle("filtered", active);
    const state = new URLSearchParams();
    if (words.value.trim()) state.set("q", words.value.trim());
    if (outcomes.length) state.set("o", outcomes.join(","));
    if (verdicts.length) state.set("v", verdicts.join(","));
    if (active || location.hash.includes("=")) {
      history.replaceState(null, "", "#" + state);
    }
    home();
  };

  const fromAddress = () => {
    if (!location.hash.includes("=")) return false;
    const state = new URLSearchParams(location.hash.slice(1));
    words.value = state.get("q") || "";
    const on = (chip) =>
      (state.get("o") || "").split(",").includes(chip.dataset.outcome) ||
      (state.get("v") || "").split(",").includes(chip.dataset.verdict);
    chips.forEach((chip) => (chip.ariaPressed = String(on(chip))));
    filter();
    return true;
  };

  let waiting;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  one("#filter").addEventListener("submit", (event) => event.preventDefault());
  chips.forEach((chip) =>
    chip.addEventListener("click", () => {
      chip.ariaPressed = String(chip.ariaPressed !== "true");
      filter();
    }),
  );
  one("#clear").addEventListener("click", () => {
    words.value = "";
    chips.forEach((chip) => (chip.ariaPressed = "false"));
    filter();
    words.focus();
  });

  // ---- The matrix by keyboard: one stop for Tab, arrows inside.
  const line = (row) => [...row.cells].filter((cell) => !cell.hidden).map((cell) => one("a", cell));
  const lines = () => all("tbody tr", grid).filter((row) => !row.hidden).map(line);
  const stop = (link) => {
    all('a[tabindex="0"]', grid).forEach((old) => (old.tabIndex = -1));
    link.tabIndex = 0;
  };
  const home = () => {
    const kept = one('a[tabindex="0"]', grid);
    if (kept && kept.offsetParent) return;
    const first = lines()[0];
    if (first) stop(first[1] || first[0]);
  };
  const moves = {
    ArrowLeft: (r, c) => [r, c - 1],
    ArrowRight: (r, c) => [r, c + 1],
    ArrowUp: (r, c) => [r - 1, c],
    ArrowDown: (r, c) => [r + 1, c],
    PageUp: (r, c) => [Math.max(r - 10, 0), c],
    PageDown: (r, c, rows) => [Math.min(r + 10, rows.length - 1), c],
    Home: (r, _c) => [r, 0],
    End: (r, _c, rows) => [r, rows[r].length - 1],
  };
  grid.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
    const places = lines();
    const r = places.findIndex((row) => row.includes(event.target));
    if (r < 0) return;
    event.preventDefault();
    const [nextRow, nextColumn] = move(r, places[r].indexOf(event.target), places);
    const next = places[nextRow] && places[nextRow][nextColumn];
    if (next) next.focus();
  });
  grid.addEventListener("focusin", (event) => {
    if (event.target.matches("a")) stop(event.target);
  });
  // Which host a cell is of, where its name has been scrolled away.
  const mark = (event) => {
    const cell = event.target.closest("td");
    heads.forEach((head, at) => head.classList.toggle("here", !!cell && at === cell.cellIndex - 1));
    if (cell && !cell.title && one("a", cell)) {
      cell.title = `${names[cell.cellIndex - 1]}: ${one("a", cell).ariaLabel}`;
    }
  };
  grid.addEventListener("pointerover", mark);
  grid.addEventListener("focusin", mark);

  // ---- A cell, opened: the result it shares with other hosts, told for its own.
  const dialog = one("#cell");
  const open = (cell) => {
    const at = cell.cellIndex - 1;
    const result = document.getElementById(one("a", cell).hash.slice(1)).cloneNode(true);
    result.removeAttribute("id");
    result.hidden = false;
    const on = one("h3 .on", result);
    on.textContent = names[at];
    const others = (evidence) => !evidence.dataset.hosts.split(" ").includes(String(at));
    all(".evidence", result).filter(others).forEach((evidence) => evidence.remove());
    all("h3 small, summary small", result).forEach((small) => small.remove());
    all(".limit", result).forEach((limit) => (limit.textContent = heads[at].dataset.limit));
    const row = cell.closest("tr");
    one("#cell-head").textContent = one("th .title", row).textContent;
    one("#cell-host").textContent = one("th code", row).textContent;
    one("#cell-more").href = one("th a", row).hash;
    one("#cell-body").replaceChildren(result);
    dialog.showModal();
    dialog.scrollTop = 0;
  };
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (!cell || !one("a", cell) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    one("a", cell).focus();
    open(cell);
  });
  one("#cell-close").addEventListener("click", () => dialog.close());
  one("#cell-more").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  // ---- Folding, and what a link leads to.
  all("[data-fold]").forEach((button) => {
    const other = button.dataset.foldWord;
    const word = button.textContent;
    button.addEventListener("click", () => {
      const unfold = button.textContent === word;
      all(`#${button.dataset.fold} > details`).forEach((details) => (details.open = unfold));
      button.textContent = unfold ? other : word;
    });
  });
  const follow = () => {
    if (fromAddress()) return;
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const details = target && target.closest("details");
    if (!details) return;
    details.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", follow);

  // ---- On paper everything is open.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("main > section > details:not([open])");
    folded.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => folded.forEach((details) => (details.open = false)));

  home();
  follow();
})();
