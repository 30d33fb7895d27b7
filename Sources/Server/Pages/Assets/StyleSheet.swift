/// How pages look: one column, light or dark as the reader's system is, no fonts or pictures from anywhere.
enum StyleSheet {
    static let text = """
        :root {
          --paper: #fbfaf7; --card: #ffffff; --ink: #22262b; --quiet: #667079; --line: #e3e0d8; --link: #205c8a;
          --good: #1f7a4d; --bad: #b3261e; --busy: #205c8a; --look: #8a5a00; --log: #f4f2ec;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #15181b; --card: #1c2024; --ink: #e4e6e8; --quiet: #98a1a9; --line: #2e3439; --link: #7db8e8;
            --good: #63c294; --bad: #ff8a80; --busy: #7db8e8; --look: #e6b450; --log: #101315;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        a { color: var(--link); text-decoration: none; }
        a:hover { text-decoration: underline; }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
        main { max-width: 62rem; margin: 0 auto; padding: 1rem 1rem 4rem; }
        .top { display: flex; justify-content: space-between; align-items: center; padding: .6rem 1rem;
          border-bottom: 1px solid var(--line); max-width: 62rem; margin: 0 auto; }
        .brand { font-weight: 700; letter-spacing: .02em; color: var(--ink); }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 .5rem; overflow-wrap: anywhere; }
        h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
        .quiet, time { color: var(--quiet); font-weight: 400; }
        .facts { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .25rem 0; overflow-wrap: anywhere; }
        .note { border-left: 3px solid var(--line); padding: .25rem .75rem; margin: 1rem 0; overflow-wrap: anywhere; }
        .mark { font-weight: 600; white-space: nowrap; }
        .big { font-size: 1.1rem; margin: 1rem 0 0; }
        .good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); }
        .look { color: var(--look); } .idle { color: var(--quiet); }
        .rows { list-style: none; margin: 1rem 0; padding: 0; background: var(--card); border: 1px solid var(--line);
          border-radius: .6rem; overflow: hidden; }
        .rows > li + li { border-top: 1px solid var(--line); }
        .row { display: grid; grid-template-columns: 8.5rem 1fr auto; gap: .25rem 1rem; padding: .65rem 1rem; color: inherit; }
        a.row:hover { background: var(--paper); text-decoration: none; }
        .main { min-width: 0; overflow-wrap: anywhere; }
        .main > .quiet { display: inline-block; }
        .side { text-align: right; white-space: nowrap; color: var(--quiet); font-variant-numeric: tabular-nums; }
        .side > * { margin-left: .75rem; }
        .artifact, .spent { grid-column: 2 / -1; margin: 0; overflow-wrap: anywhere; }
        .diagnostic { border-left: 3px solid var(--bad); padding: .1rem .9rem; margin: 1rem 0; }
        pre { background: var(--log); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; margin: .5rem 0;
          overflow: auto; }
        .source { white-space: pre; }
        .verdict { font-size: 1.1rem; font-weight: 600; margin: 1.25rem 0 .5rem; overflow-wrap: anywhere; }
        .case p { margin: .75rem 0 .25rem; overflow-wrap: anywhere; }
        .list { margin: .5rem 0; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-variant-numeric: tabular-nums; }
        th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }
        th { font-weight: 600; overflow-wrap: anywhere; } .n { text-align: right; } td.n { text-align: right; white-space: nowrap; }
        mark { background: none; color: var(--bad); text-decoration: underline wavy; text-underline-offset: .2em; }
        #log { max-height: 75vh; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.4; }
        form { display: inline; } button { font: inherit; cursor: pointer; }
        .top button { border: 0; background: none; color: var(--link); padding: 0; }
        .narrow { max-width: 26rem; margin: 3rem auto; }
        .narrow form { display: grid; gap: .5rem; } .narrow button { justify-self: start; padding: .4rem 1.2rem; }
        input { font: inherit; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--card);
          color: inherit; width: 100%; }
        @media (max-width: 40rem) {
          .row { grid-template-columns: 1fr auto; }
          .row > .main { grid-row: 2; grid-column: 1 / -1; }
          .artifact, .spent { grid-column: 1 / -1; }
        }
        .b { font-weight: 700; } .d { opacity: .7; } .i { font-style: italic; } .u { text-decoration: underline; }
        .f0 { color: #555; } .f1, .f9 { color: var(--bad); } .f2, .f10 { color: var(--good); } .f3, .f11 { color: var(--look); }
        .f4, .f12 { color: var(--link); } .f5, .f13 { color: #a35bb8; } .f6, .f14 { color: #2a8c94; } .f7, .f8 { color: var(--quiet); }
        .g0, .g8 { background: #5556; } .g1, .g9 { background: #d334; } .g2, .g10 { background: #3a74; } .g3, .g11 { background: #da34; }
        .g4, .g12 { background: #47d4; } .g5, .g13 { background: #a5b4; } .g6, .g14 { background: #2994; } .g7 { background: #9994; }
        """
}
