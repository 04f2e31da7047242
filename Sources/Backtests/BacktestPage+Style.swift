extension BacktestPage {
    /// Styles for light, dark and print. The candidate is blue and solid, the baseline grey and dashed. Gains are green
    /// and losses red, but never distinguished by colour alone.
    static let css: StaticString = """
        :root {
          color-scheme: light dark;
          --ground: #ffffff; --ink: #16191d; --soft: #555e68; --line: #d8dce1; --panel: #f5f6f8;
          --candidate: #1d5ea8; --baseline: #8a929c; --gain: #167a5e; --loss: #b23a2a;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14171a; --ink: #e6e9ec; --soft: #9da6b0; --line: #343a41; --panel: #1c2024;
            --candidate: #6caaf0; --baseline: #828c97; --gain: #46b894; --loss: #ec8272;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        }
        main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.5rem 3rem; }
        h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; margin: 2.75rem 0 1rem; padding-top: .75rem; border-top: 2px solid var(--ink); }
        h3 { font-size: 1rem; margin: 0 0 .5rem; }
        p + .pair { margin-top: 1.25rem; }
        p { margin: 0 0 .75rem; max-width: 46rem; }
        .soft, figcaption, caption { color: var(--soft); }
        .tiles { display: flex; flex-wrap: wrap; margin: 1.5rem 0 0; padding: 0 1px 1px 0; }
        .tiles div { flex: 1 1 132px; margin: 0 -1px -1px 0; border: 1px solid var(--line); padding: .8rem 1rem; }
        .tiles dt { color: var(--soft); font-size: .85rem; }
        .tiles dd { margin: 0; font-variant-numeric: tabular-nums; }
        .tiles .big { font-size: 1.5rem; font-weight: 600; line-height: 1.25; }
        .tiles .small { color: var(--soft); font-size: .85rem; }
        .pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem 2.5rem;
          align-items: start; margin: 0 0 2.25rem; }
        figure { margin: 0; break-inside: avoid; }
        figcaption { font-size: .85rem; margin: .25rem 0 0; }
        svg { display: block; width: 100%; max-width: 560px; height: auto; overflow: visible; }
        svg text { font-family: inherit; font-size: 12px; fill: var(--ink); font-variant-numeric: tabular-nums; }
        svg .tick { fill: var(--soft); font-size: 11.5px; }
        svg .name { font-size: 12.5px; }
        svg .value { font-size: 11px; fill: var(--soft); }
        svg .middle { text-anchor: middle; }
        svg .end { text-anchor: end; }
        svg path { fill: none; stroke-width: 2; stroke-linejoin: round; }
        svg .grid { stroke: var(--line); stroke-width: 1; }
        svg .axis { stroke: var(--soft); stroke-width: 1; }
        svg .chance { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 4; }
        svg .gap { stroke: var(--ink); stroke-width: 2; }
        svg path.candidate { stroke: var(--candidate); }
        svg path.baseline { stroke: var(--baseline); stroke-dasharray: 6 3; }
        svg path.with { stroke: var(--loss); stroke-dasharray: 6 3; }
        svg path.without { stroke: var(--gain); }
        svg path.filled { fill: var(--candidate); fill-opacity: .18; stroke: none; }
        svg rect.candidate, svg circle.candidate { fill: var(--candidate); }
        svg rect.baseline { fill: var(--baseline); fill-opacity: .75; }
        svg circle.baseline { fill: var(--ground); stroke: var(--baseline); stroke-width: 2; }
        svg rect.gain { fill: var(--gain); }
        svg rect.loss { fill: var(--loss); }
        .keys { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; margin: 0 0 .5rem; padding: 0; list-style: none;
          font-size: .85rem; }
        .keys li::before { content: ""; display: inline-block; width: 1.4em; margin-right: .45em;
          vertical-align: .22em; border-top: 3px solid var(--soft); }
        .keys .candidate::before { border-color: var(--candidate); }
        .keys .baseline::before { border-color: var(--baseline); border-top-style: dashed; }
        .keys .with::before { border-color: var(--loss); border-top-style: dashed; }
        .keys .without::before { border-color: var(--gain); }
        .keys .gain::before { border-color: var(--gain); border-top-width: 9px; vertical-align: 0; }
        .keys .gap::before { border-color: var(--ink); }
        .keys .loss::before { border-color: var(--loss); border-top-width: 9px; vertical-align: 0; }
        .keys .same::before { border-color: var(--baseline); border-top-width: 9px; vertical-align: 0; }
        .scroll { overflow-x: auto; }
        .scroll + .scroll, p + .scroll { margin-top: 1.5rem; }
        .scroll + p, .scroll + .keys { margin-top: .75rem; }
        .wide { margin: 0 0 2.25rem; }
        table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
        caption { text-align: left; font-size: .85rem; padding: 0 0 .35rem; max-width: calc(100vw - 2rem); }
        th, td { padding: .28rem .4rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
        td { white-space: nowrap; }
        thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; border-bottom-color: var(--soft); }
        th:first-child, td:first-child, .text { text-align: left; }
        th:first-child, td:first-child { padding-left: 0; }
        th:last-child, td:last-child { padding-right: 0; }
        tbody th { font-weight: 500; white-space: nowrap; }
        tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
        .matrix td { text-align: center; padding: .45rem .5rem; border: 1px solid var(--ground); min-width: 3.4rem; }
        .matrix thead th { text-align: center; }
        .matrix tbody th { vertical-align: middle; padding-right: .75rem; }
        .matrix .up { background: color-mix(in srgb, var(--gain) var(--heat), var(--panel)); }
        .matrix .down { background: color-mix(in srgb, var(--loss) var(--heat), var(--panel)); }
        .matrix .same, .matrix .other { background: color-mix(in srgb, var(--baseline) var(--heat), var(--panel)); }
        .matrix .none { background: var(--panel); color: var(--soft); }
        .ids { font-size: .875rem; overflow-wrap: anywhere; }
        footer { margin-top: 2.5rem; padding-top: .75rem; border-top: 1px solid var(--line); font-size: .85rem; }
        @media (max-width: 820px) {
          main { padding: 1.25rem 1rem 2rem; }
          .pair { grid-template-columns: minmax(0, 1fr); }
          .tiles div { padding: .65rem .75rem; }
          .tiles .big { font-size: 1.2rem; }
        }
        @media (max-width: 520px) {
          svg text { font-size: 15px; }
          svg .tick, svg .value { font-size: 14px; }
          svg .name { font-size: 15px; }
        }
        @media print {
          :root {
            --ground: #ffffff; --ink: #000000; --soft: #444444; --line: #cccccc; --panel: #f2f2f2;
            --candidate: #1d5ea8; --baseline: #808080; --gain: #167a5e; --loss: #b23a2a;
          }
          @page { margin: 14mm; }
          html { font-size: 13px; }
          body { font-size: 9pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          main { max-width: none; padding: 0; }
          .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); break-inside: avoid; }
          .pair { gap: 1rem 1.5rem; margin-bottom: 1.25rem; }
          .tiles div { flex-basis: 80px; padding: .5rem; }
          h2 { margin-top: 1.75rem; }
          table { font-size: 7.5pt; }
          th, td { padding: .15rem .25rem; }
          td, tbody th { white-space: normal; overflow-wrap: break-word; }
          h2, h3, h2 + p { break-after: avoid; }
          table, .tiles { break-inside: avoid; }
          .scroll { overflow: visible; }
        }

        """
}
