extension LagPage {
    /// Styles for light and dark. A status is a word, and never only a colour.
    public static let css = """
        :root {
          color-scheme: light dark;
          --ground: #ffffff; --ink: #16191d; --soft: #555e68; --line: #d8dce1; --panel: #f5f6f8; --link: #1d5ea8;
          --good: #167a5e; --busy: #8a5a00; --bad: #b23a2a; --dim: #5f6872;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --ink: #e6e9ec; --soft: #9da6b0; --line: #343a41; --panel: #1c2024; --link: #6caaf0;
            --good: #46b894; --busy: #e0b052; --bad: #ec8272; --dim: #9da6b0;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        }
        main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.5rem 3rem; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
        p { margin: 0 0 .75rem; max-width: 48rem; overflow-wrap: anywhere; }
        a { color: var(--link); text-underline-offset: .15em; }
        .soft { color: var(--soft); }
        .back { margin-bottom: .5rem; }
        .back a { display: inline-block; padding: .35rem 0; }
        .banner { border-left: 4px solid var(--bad); background: var(--panel); padding: .75rem 1rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); margin: 0; gap: 1px;
          background: var(--line); border: 1px solid var(--line); }
        .tiles div { background: var(--ground); padding: .75rem 1rem; }
        .tiles dt { color: var(--soft); font-size: .85rem; line-height: 1.35; }
        .tiles dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        .tiles .big { font-size: 1.35rem; font-weight: 600; line-height: 1.35; }
        .tiles .small { color: var(--soft); font-size: .85rem; line-height: 1.35; }
        .tiles .unknown { font-weight: 400; }
        .unknown { color: var(--soft); }
        .groups, .notes { list-style: none; margin: 0; padding: 0; }
        .groups li { display: grid; grid-template-columns: minmax(0, 15rem) minmax(0, 1fr) 160px; gap: .35rem 1.5rem;
          align-items: center; padding: .75rem 0; border-top: 1px solid var(--line); }
        .groups li:last-child { border-bottom: 1px solid var(--line); }
        .name { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .6rem; min-width: 0; }
        .name a { font-weight: 600; overflow-wrap: anywhere; padding: .25rem 0; }
        .numbers { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .35rem 1rem;
          font-variant-numeric: tabular-nums; }
        .numbers div { min-width: 0; }
        .label { display: block; color: var(--soft); font-size: .8rem; line-height: 1.3; }
        .value { display: block; overflow-wrap: anywhere; line-height: 1.35; }
        .cause { color: var(--soft); font-size: .9rem; margin: 0; max-width: 60rem; }
        .cause strong { color: var(--ink); }
        .cause + .cause { margin-top: .5rem; }
        .groups .cause { grid-column: 1 / -1; }
        .tiles + .cause, .tiles + p { margin-top: 1rem; }
        .badge { display: inline-block; font-size: .8rem; font-weight: 600; line-height: 1.2; padding: .15rem .5rem;
          border: 1.5px solid currentColor; border-radius: 1rem; color: var(--dim); white-space: nowrap;
          vertical-align: middle; }
        .badge.ok { color: var(--good); }
        .badge.warning, .badge.rewound { color: var(--busy); }
        .badge.stalled, .badge.stopped, .badge.expired { color: var(--bad); }
        .badge.unknown { border-style: dashed; }
        h1 .badge { font-size: .95rem; }
        svg { display: block; width: 100%; height: auto; overflow: visible; }
        svg.spark { width: 160px; max-width: 100%; }
        svg path { fill: none; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
        svg .zero { stroke: var(--line); stroke-width: 1; }
        svg .line { stroke: var(--link); stroke-width: 1.75; }
        .pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem 2rem; }
        figure { margin: 0; min-width: 0; }
        figcaption { color: var(--soft); font-size: .9rem; margin: 0 0 .5rem; }
        figcaption strong { color: var(--ink); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .35rem .5rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
        thead th { color: var(--soft); font-weight: 500; border-bottom-color: var(--soft); }
        tbody th { font-weight: 500; }
        th:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
        th:first-child { padding-left: 0; }
        .notes li { border-top: 1px solid var(--line); padding: .5rem 0; overflow-wrap: anywhere; font-size: .9rem; }
        @media (max-width: 760px) {
          main { padding: 1.25rem 1rem 2rem; }
          h1 { font-size: 1.35rem; }
          .tiles { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
          .tiles div { padding: .65rem .75rem; }
          .tiles div:last-child:nth-child(odd) { grid-column: 1 / -1; }
          .tiles .big { font-size: 1.15rem; }
          .groups li { grid-template-columns: minmax(0, 1fr); }
          .numbers { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
          svg.spark { width: 100%; max-width: 320px; }
          .pair { grid-template-columns: minmax(0, 1fr); }
        }

        """
}
