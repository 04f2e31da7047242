/// The style of all pages, light and dark, from 320 pixels of width. A state is a word, and never a colour alone.
enum Style {
    static let text = palette + page + parts + data + narrow

    private static let palette = """
        :root {
          color-scheme: light dark;
          --ground: #f7f6f3; --card: #ffffff; --ink: #1c1e22; --soft: #585e67; --line: #dedbd4; --track: #eae7e1;
          --link: #14617a; --fill: #14617a; --on-fill: #ffffff;
          --good: #1a6b45; --good-wash: #e5f3ea; --notice: #845100; --notice-wash: #fcf0d9; --bad: #a8322a; --bad-wash: #fbe9e6;
          --s1: #c9dbe0; --s2: #a9c8d1; --s3: #88b3c0; --s4: #659dae; --s5: #43869a; --s6: #256f86; --s7: #0f586f;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #131518; --card: #1b1e22; --ink: #e7e9ec; --soft: #a3abb5; --line: #31363d; --track: #2a2e34;
            --link: #73c3db; --fill: #73c3db; --on-fill: #0d2730;
            --good: #6bcb98; --good-wash: #173026; --notice: #e9b866; --notice-wash: #33291a; --bad: #f3968a; --bad-wash: #3a211f;
            --s1: #26434c; --s2: #2d5763; --s3: #356d7c; --s4: #408495; --s5: #4f9cb0; --s6: #62b2c8; --s7: #7fcade;
          }
        }

        """

    private static let page = """
        * { box-sizing: border-box; }
        [hidden] { display: none; }
        html { scroll-padding-top: 1rem; }
        body {
          margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: break-word;
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
          font-variant-numeric: tabular-nums;
          display: grid; min-height: 100vh; grid-template: auto 1fr auto / 13.5rem minmax(0, 1fr);
          grid-template-areas: "top main" "side main" "side footer";
        }
        body:not(:has(.side)) { grid-template: auto 1fr auto / minmax(0, 1fr); grid-template-areas: "top" "main" "footer"; }
        .top { grid-area: top; padding: 1.4rem 1.25rem .5rem; }
        .side { grid-area: side; padding: .5rem .75rem 1.5rem; display: flex; flex-direction: column; gap: 1.5rem; position: sticky; top: 0;
          align-self: start; height: calc(100vh - 4.5rem); min-height: 24rem; overflow: auto; }
        main { grid-area: main; min-width: 0; width: 100%; max-width: 78rem; padding: 1.6rem 2.25rem 2rem; }
        main:focus { outline: none; }
        footer { grid-area: footer; padding: 0 2.25rem 1.5rem; color: var(--soft); font-size: .87rem; }
        footer p { max-width: none; border-top: 1px solid var(--line); padding-top: .9rem; margin: 0; }
        footer a { margin-left: .9rem; white-space: nowrap; }
        body:not(:has(.side)) main, body:not(:has(.side)) footer, body:not(:has(.side)) .top { margin: 0 auto; width: 100%; max-width: 46rem; }
        body:not(:has(.side)) .top { padding-left: 2.25rem; }
        .brand { display: inline-flex; align-items: center; gap: .55rem; color: var(--ink); font-weight: 650; font-size: 1.06rem;
          text-decoration: none; letter-spacing: -.01em; padding: .15rem .3rem .15rem 0; }
        .brand svg { width: 1.25rem; height: 1.25rem; fill: var(--link); }
        .menu { display: none; }
        nav ul { list-style: none; margin: 0; padding: 0; }
        nav .group + .group { margin-top: .9rem; }
        nav .group p { margin: 0 0 .15rem .55rem; font-size: .77rem; color: var(--soft); }
        nav a { display: block; padding: .3rem .55rem; border-radius: 6px; color: var(--ink); text-decoration: none; }
        nav a:hover { background: var(--track); }
        nav a[aria-current] { background: var(--card); font-weight: 600; box-shadow: inset 3px 0 var(--fill), 0 0 0 1px var(--line); }
        .account { margin-top: auto; padding: .75rem .55rem 0; border-top: 1px solid var(--line); font-size: .87rem; }
        .account p { margin: 0 0 .4rem; overflow-wrap: anywhere; }
        .account strong, .account span { display: block; }
        .account span { color: var(--soft); }
        .skip { position: absolute; left: -100rem; background: var(--fill); color: var(--on-fill); padding: .5rem 1rem; z-index: 9; }
        .skip:focus { left: .5rem; top: .5rem; }
        .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        :focus-visible { outline: 2.5px solid var(--link); outline-offset: 2px; border-radius: 4px; }
        h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
        h2 { font-size: 1.12rem; line-height: 1.3; margin: 2.2rem 0 .6rem; font-weight: 650; }
        h3 { font-size: 1rem; line-height: 1.35; margin: 1.2rem 0 .4rem; font-weight: 650; }
        h4 { font-size: .9rem; margin: .9rem 0 .3rem; font-weight: 600; color: var(--soft); }
        p { margin: 0 0 .7rem; max-width: 44rem; }
        a { color: var(--link); text-underline-offset: .16em; text-decoration-thickness: 1px; }
        abbr { text-decoration: underline dotted; text-underline-offset: .2em; cursor: help; }
        code, pre, .hash { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
        pre { margin: 0; padding: .75rem .9rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
          white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow: auto; line-height: 1.45; }
        pre.hex { white-space: pre; overflow-wrap: normal; font-size: .8em; }
        .head { margin-bottom: 1.5rem; }
        .kicker { margin: 0 0 .15rem; color: var(--soft); font-size: .87rem; }
        .lead { margin: .35rem 0 0; color: var(--soft); max-width: 46rem; }
        .soft, .hint { color: var(--soft); }
        .soft { font-weight: 400; }
        .id { overflow-wrap: anywhere; }
        .masked { color: var(--soft); }
        .narrow { max-width: 36rem; }

        """

    private static let parts = """
        .badge, .tag { display: inline-block; font-size: .8rem; font-weight: 600; line-height: 1.35; padding: .1rem .5rem; border-radius: 5px;
          color: var(--soft); background: var(--track); max-width: 100%; overflow-wrap: anywhere; vertical-align: .08em; letter-spacing: 0; }
        .tag { font-weight: 500; }
        .badge.plain, .badge.band { color: var(--ink); }
        .badge.good, .tag.good { color: var(--good); background: var(--good-wash); }
        .badge.notice { color: var(--notice); background: var(--notice-wash); }
        .badge.bad, .tag.bad { color: var(--bad); background: var(--bad-wash); }
        .banner, .alert, .empty { padding: .7rem 1rem; border-radius: 8px; max-width: none; border: 1px solid var(--line); background: var(--card); }
        .banner.good, .alert.good { border-left: 4px solid var(--good); }
        .banner.notice { border-left: 4px solid var(--notice); }
        .banner.bad, .alert.bad { border-left: 4px solid var(--bad); }
        .alert.notice { border-left: 4px solid var(--notice); }
        .alert + .alert { margin-top: .5rem; }
        .alert p { margin: 0; max-width: none; }
        .empty { color: var(--soft); border-style: dashed; background: none; padding: 1rem; }
        .empty strong { color: var(--ink); }
        .pulse { font-size: .8rem; font-weight: 500; color: var(--good); margin-left: .4rem; }
        .pulse::before { content: ""; display: inline-block; width: .5rem; height: .5rem; border-radius: 50%; background: currentColor; margin-right: .35rem; }
        .button, button { display: inline-block; font: inherit; font-weight: 600; line-height: 1.3; padding: .5rem .95rem; border-radius: 7px;
          border: 1px solid var(--fill); background: var(--fill); color: var(--on-fill); text-decoration: none; cursor: pointer; }
        .button:hover, button:hover { filter: brightness(1.08); }
        button:disabled { filter: grayscale(1); cursor: progress; }
        .button.quiet, button.quiet, .copy { background: var(--card); color: var(--ink); border-color: var(--line); font-weight: 500; }
        button.quiet { padding: .3rem .7rem; font-size: .87rem; }
        .copy { padding: .05rem .45rem; font-size: .8rem; }
        button.grave { background: var(--bad); border-color: var(--bad); color: var(--card); }
        .buttons { display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: center; margin: .9rem 0 0; }
        .buttons:empty { display: none; }
        .more { margin-top: 1rem; }
        .form p, .filters p { margin: 0 0 1rem; }
        label, legend { display: block; font-weight: 600; font-size: .9rem; margin-bottom: .25rem; padding: 0; }
        input, select, textarea { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--soft); border-radius: 7px;
          padding: .45rem .65rem; width: 100%; max-width: 100%; min-height: 2.4rem; }
        textarea { line-height: 1.45; resize: vertical; }
        textarea[spellcheck="false"] { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86rem; }
        input[type="radio"], input[type="checkbox"] { width: 1.15rem; height: 1.15rem; min-height: 0; margin: 0; flex: none; accent-color: var(--fill); }
        [aria-invalid] { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
        ::placeholder { color: var(--soft); opacity: 1; }
        .hint { display: block; font-size: .87rem; margin-top: .25rem; }
        fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
        .choice { display: flex; gap: .7rem; align-items: center; font-weight: 400; font-size: 1rem; padding: .65rem .8rem; margin: .35rem 0; border: 1px solid var(--line);
          border-radius: 8px; background: var(--card); cursor: pointer; }
        .choice:has(:checked) { border-color: var(--fill); box-shadow: 0 0 0 1px var(--fill); }
        .choice strong, .choice .soft { display: block; }
        .form { max-width: 40rem; }
        .scroll + .form, section + p { margin-top: 1.2rem; }
        .filters { display: flex; flex-wrap: wrap; gap: .8rem; align-items: end; margin-bottom: 1.4rem; }
        .filters p { margin: 0; flex: 0 1 9.5rem; min-width: 7rem; }
        .filters .wide { flex: 1 1 16rem; }
        .filters .moment { flex-basis: 14rem; }
        .filters p:last-child { flex: none; min-width: 0; }
        .filters button { min-height: 2.4rem; }
        .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 0 2.25rem; }
        .columns > section { min-width: 0; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: .5rem 1.25rem; }
        .pair > * { min-width: 0; }
        .pair h2 { margin-top: .4rem; }
        @media (min-width: 1280px) { .pair.bytes { grid-template-columns: minmax(0, 1fr) minmax(0, 39rem); } }
        .cards { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.15rem; min-width: 0; }
        .card.bad { border-top: 3px solid var(--bad); }
        .card.notice { border-top: 3px solid var(--notice); }
        .card h2, .card h3 { margin: 0 0 .45rem; overflow-wrap: anywhere; }
        .card h3 + * { margin-top: 0; }
        .card > :last-child { margin-bottom: 0; }
        .row { display: flex; flex-wrap: wrap; gap: .3rem 1rem; justify-content: space-between; align-items: baseline; max-width: none; }
        .row > * { min-width: 0; }
        blockquote { margin: .6rem 0; padding: .1rem 0 .1rem .9rem; border-left: 3px solid var(--line); white-space: pre-line; overflow-wrap: anywhere; max-width: 46rem; }
        .queue { list-style: none; padding: 0; margin: 0; display: grid; gap: .9rem; }
        .queue h2 { font-size: 1.05rem; }
        .verdict { margin-top: 1rem; }
        details summary { cursor: pointer; color: var(--link); padding: .1rem 0; }
        details.section { margin-top: 1.5rem; }
        details[open] > pre { margin-top: .4rem; min-width: 14rem; }

        """

    private static let data = """
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 1px; margin: 0; background: var(--line);
          border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
        .tiles > div { background: var(--card); padding: .8rem 1rem .7rem; display: flex; flex-direction: column; min-width: 0; }
        .tiles dt, .facts dt, .numbers dt { color: var(--soft); font-size: .87rem; }
        .tiles dd, .facts dd, .numbers dd { margin: 0; overflow-wrap: anywhere; }
        .tiles .big { font-size: 1.55rem; font-weight: 650; line-height: 1.3; letter-spacing: -.01em; }
        .tiles .unknown { color: var(--soft); font-weight: 400; font-size: 1.2rem; line-height: 1.65; }
        .note { color: var(--soft); font-size: .82rem; line-height: 1.4; }
        .tiles .chart { margin-top: auto; padding-top: .5rem; }
        .card .tiles { margin: .6rem 0; }
        .facts { margin: .5rem 0; }
        .facts > div { display: grid; grid-template-columns: 8.5rem minmax(0, 1fr); gap: .5rem; padding: .15rem 0; }
        .numbers { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.2rem, 1fr)); gap: .6rem .8rem; margin: .5rem 0 .7rem; }
        .numbers dd { font-weight: 600; }
        .numbers .note { font-weight: 400; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
        tbody th { font-weight: 500; overflow-wrap: anywhere; }
        thead th { color: var(--soft); font-size: .82rem; padding-top: 0; vertical-align: bottom; white-space: nowrap; }
        th:last-child, td:last-child { padding-right: 0; }
        .n { text-align: right; white-space: nowrap; }
        th.n, td.n { padding-left: .5rem; }
        th.n:first-child { text-align: left; padding-left: 0; }
        .n + :not(.n, .barcell) { padding-left: 1rem; }
        td .badge { white-space: nowrap; }
        td.text { min-width: 11rem; overflow-wrap: anywhere; }
        td time { white-space: nowrap; }
        td .tag { margin-bottom: .15rem; }
        tr.struck .type, tr.struck .reason, tr.struck time { text-decoration: line-through; }
        tr.struck th, tr.struck td { background: var(--notice-wash); }
        tr.struck :first-child:is(td) { box-shadow: -.6rem 0 var(--notice-wash); }
        td.check { width: 2rem; }
        .parts .reason { display: block; white-space: normal; }
        .parts { display: block; font-size: .87rem; color: var(--soft); font-weight: 400; }
        .scroll { overflow-x: auto; position: relative; }
        .scroll tbody th, .scroll td .id { overflow-wrap: break-word; }
        .scroll td.text .id { overflow-wrap: anywhere; }
        .scroll tbody th { min-width: 7rem; }
        .reason { white-space: nowrap; margin-right: .6rem; }
        .reason bdi { white-space: normal; overflow-wrap: anywhere; }
        .minus { color: var(--bad); }
        .plus { color: var(--good); }
        b.minus, b.plus { font-weight: 600; }
        .bars th, .bars td { vertical-align: middle; }
        .bars .barcell { width: 40%; min-width: 4rem; }
        .bars tbody th { min-width: 8rem; }
        .bars td a { white-space: nowrap; }
        [aria-current="true"] { font-weight: 650; }
        svg.bar { display: block; width: 100%; height: .7rem; border-radius: 3px; }
        .card > svg.bar, .queue svg.bar { height: .3rem; margin: .55rem 0; }
        svg.spark { display: block; width: 100%; height: 2.4rem; }
        .card > svg.spark { margin-bottom: .7rem; }
        .card > h3 { margin-top: .9rem; }
        .card > h3:first-child { margin-top: 0; }
        svg.scale { display: block; width: 100%; height: 1.6rem; overflow: visible; }
        svg.plot { display: block; width: 100%; height: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
        svg.plot.narrow { display: none; max-width: none; }
        svg path { vector-effect: non-scaling-stroke; fill: none; }
        .brand svg path { fill: inherit; }
        .track { fill: var(--track); }
        .line { stroke: var(--fill); stroke-width: 2; stroke-linejoin: round; }
        svg .area { fill: var(--fill); opacity: .14; }
        svg .grid, svg .middle { stroke: var(--soft); stroke-width: 1; opacity: .28; }
        svg path.middle { opacity: .7; }
        .mark { stroke: var(--ink); stroke-width: 3; }
        .gain { fill: var(--good); }
        .loss { fill: var(--bad); }
        .begin { fill: var(--soft); }
        .wait { fill: var(--notice); }
        circle { stroke: var(--card); stroke-width: 1.5; }
        svg text { font-size: 12px; fill: var(--soft); }
        svg .tick, svg .date.end { text-anchor: end; }
        svg .date.middle { text-anchor: middle; opacity: 1; stroke: none; }
        svg .band { opacity: .2; }
        .shade1 { fill: var(--s1); } .shade2 { fill: var(--s2); } .shade3 { fill: var(--s3); } .shade4 { fill: var(--s4); }
        .shade5 { fill: var(--s5); } .shade6 { fill: var(--s6); } .shade7 { fill: var(--s7); }
        .shade1 .swatch { background: var(--s1); } .shade2 .swatch { background: var(--s2); } .shade3 .swatch { background: var(--s3); }
        .shade4 .swatch { background: var(--s4); } .shade5 .swatch { background: var(--s5); } .shade6 .swatch { background: var(--s6); }
        .shade7 .swatch { background: var(--s7); }
        .standing { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.15rem; }
        .score { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .7rem; margin: 0 0 .4rem; max-width: none; }
        .score .value { font-size: 2.6rem; line-height: 1.1; font-weight: 650; letter-spacing: -.02em; }
        .score .of { color: var(--soft); }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .5rem 0 0; padding: 0; color: var(--soft); font-size: .87rem; }
        .legend [aria-current] { color: var(--ink); }
        .swatch { display: inline-block; width: .7rem; height: .7rem; border-radius: 2px; margin-right: .4rem; }
        .course, .feed { list-style: none; margin: .9rem 0 0; padding: 0; }
        .feed { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .2rem 1rem; }
        .course li { display: grid; grid-template-columns: 10.5rem 4.2rem 7rem minmax(0, 1fr); gap: .1rem .9rem; padding: .4rem 0; border-bottom: 1px solid var(--line); }
        .feed li { display: grid; grid-template-columns: 10.5rem 5rem minmax(0, 12rem) minmax(0, 1fr); gap: .1rem .9rem; padding: .4rem 0; border-bottom: 1px solid var(--line); }
        .feed li:last-child, .course li:last-child { border-bottom: 0; }
        .when, .kind { color: var(--soft); }
        .what { overflow-wrap: anywhere; min-width: 0; }
        .who { min-width: 0; }
        .course .change, .course .to { text-align: right; min-width: 0; max-width: 9rem; overflow-wrap: anywhere; }
        .change { font-weight: 600; }
        .course .what .soft { margin-left: .2rem; }
        .list, .steps, .counts { margin: 0; padding: 0; list-style: none; }
        .list li { padding: .5rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
        .list li:last-child { border-bottom: 0; }
        .steps { padding-left: 1.1rem; list-style: disc; max-width: 44rem; }
        .steps li { margin: .3rem 0; }
        .counts li { display: flex; gap: 1rem; justify-content: space-between; padding: .25rem 0; border-bottom: 1px solid var(--line); }
        .counts li > :first-child { min-width: 0; overflow-wrap: anywhere; }
        .counts li:last-child { border-bottom: 0; }
        .prose { max-width: 46rem; }
        .prose ul { margin: 0; padding-left: 1.1rem; }
        .prose li { margin: .25rem 0; }
        .words { margin: 0; max-width: 46rem; }
        .words > div { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: .75rem; padding: .4rem 0; border-bottom: 1px solid var(--line); }
        .words dt { font-weight: 600; }
        .words dd { margin: 0; }
        kbd { font: inherit; font-weight: 600; padding: .05rem .4rem; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 5px; background: var(--card); }
        .code { max-height: 30rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
        .diff { margin: .4rem 0; }
        .diff td { border: 0; padding: 0 .6rem; }
        .diff td:first-child { width: 1.5rem; color: var(--soft); text-align: center; }
        .diff pre { border: 0; padding: .05rem 0; background: none; border-radius: 0; max-height: none; overflow: visible; }
        .diff .added { background: var(--good-wash); }
        .diff .removed { background: var(--bad-wash); }

        """

    private static let narrow = """
        @media (max-width: 940px) {
          body { grid-template: auto 1fr auto / minmax(0, 1fr); grid-template-areas: "top" "main" "footer"; }
          .side { display: none; }
          .top { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; padding: .6rem 1.1rem; background: var(--card);
            border-bottom: 1px solid var(--line); }
          .menu { display: block; }
          .menu[open] { flex-basis: 100%; }
          .menu summary { list-style: none; margin-left: auto; width: max-content; padding: .4rem .8rem; border: 1px solid var(--line); border-radius: 7px;
            color: var(--ink); font-weight: 600; }
          .menu summary::-webkit-details-marker { display: none; }
          .menu nav { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .5rem 1rem; margin: .75rem 0; }
          .menu nav .group + .group { margin-top: 0; }
          .menu nav a { padding: .5rem .55rem; }
          .account { display: flex; justify-content: space-between; align-items: center; gap: 1rem; padding-bottom: .3rem; }
          .account p { margin: 0; }
          body:not(:has(.side)) .top { padding-left: 1.1rem; max-width: none; }
          main { padding: 1.25rem 1.1rem 1.5rem; margin: 0 auto; }
          footer { padding: 0 1.1rem 1.25rem; }
        }
        @media (max-width: 640px) {
          body { font-size: 16px; }
          h1 { font-size: 1.4rem; }
          .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
          .tiles > div:last-child:nth-child(odd) { grid-column: 1 / -1; }
          .tiles > div { padding: .7rem .8rem; }
          .tiles .big { font-size: 1.2rem; }
          svg.plot.wide { display: none; }
          svg.plot.narrow { display: block; }
          .course li { grid-template-columns: 1fr auto auto; }
          .course .what, .feed .what { grid-column: 1 / -1; }
          .feed li { grid-template-columns: 1fr auto; }
          .feed .who { grid-column: 1 / -1; }
          .feed .kind { text-align: right; }
          .filters p { flex: 1 1 40%; }
          .filters .wide { flex: 1 1 100%; }
          .filters p:last-child, .filters .moment { flex: 1 1 100%; }
          .filters button { width: 100%; }
          footer a { display: block; margin: .3rem 0 0; padding: .2rem 0; }
          .facts > div { grid-template-columns: 7rem minmax(0, 1fr); }
          .words > div { grid-template-columns: minmax(0, 1fr); gap: .1rem; }
          .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          .stacked, .stacked tbody, .stacked th, .stacked td { display: block; }
          .stacked tr { display: flex; flex-direction: column; position: relative; padding: .7rem 0; border-bottom: 1px solid var(--line); }
          .stacked th, .stacked td { border: 0; padding: .1rem 0; text-align: left; white-space: normal; width: auto; min-width: 0; }
          .stacked th { order: -1; font-weight: 600; padding-bottom: .2rem; }
          .stacked td[data-label] { position: relative; padding-left: 7.6rem; min-height: 1.7rem; }
          .stacked td[data-label]::before { content: attr(data-label); position: absolute; left: 0; width: 7.2rem; color: var(--soft); font-size: .87rem; line-height: 1.7; }
          .stacked td.check { position: absolute; right: 0; top: .75rem; }
          .stacked tr:has(.check) th { padding-right: 2rem; }
          .stacked td time { white-space: normal; }
          .stacked tr.struck { background: var(--notice-wash); padding: .7rem .5rem; margin: 0 -.5rem; }
          details[open] > pre { min-width: 0; }
          .bars th, .bars td { padding-right: .5rem; }
          .bars .barcell { width: 25%; min-width: 2.5rem; }
          .bars tbody th { min-width: 6.3rem; }
          .bars td.soft { font-size: .82rem; }
        }
        @media (prefers-reduced-motion: no-preference) { .button, button, nav a { transition: background .12s, filter .12s; } }
        @media print { .side, .top, footer, .filters, .buttons { display: none; } body { display: block; background: none; } }

        """
}
