internal import Events

/// Drawings as SVG without scripts and style attributes. The style sheet colours their classes.
enum Plot {
    /// Rounded to tenths.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "0" }
        let tenths = Int64((value * 10).rounded())
        let text = String(tenths.magnitude / 10) + (tenths % 10 == 0 ? "" : ".\(tenths.magnitude % 10)")
        return tenths < 0 ? "-" + text : text
    }

    // MARK: Sparkline

    /// The course of a measurement, as wide as its container. Unknown values are gaps.
    static func spark(_ readings: [Reading], of what: String) -> String {
        let known = readings.compactMap(\.value)
        guard known.count > 1, let first = readings.first?.time, let last = readings.last?.time else { return "" }
        let (width, height) = (200.0, 40.0)
        let greatest = max(known.max() ?? 0, 0)
        let span = max(1, ConsolePages.seconds(from: first, to: last))
        var line = ""
        var area = ""
        var previous: Double?
        for reading in readings {
            let x = ConsolePages.seconds(from: first, to: reading.time) / span * width
            guard let value = reading.value else {
                if let previous { area += "L\(number(previous)) \(number(height))Z" }
                previous = nil
                continue
            }
            let y = height - (greatest > 0 ? max(0, value) / greatest : 0) * (height - 3)
            if previous == nil { area += "M\(number(x)) \(number(height))L\(number(x)) \(number(y))" }
            line += "\(previous == nil ? "M" : "L")\(number(x)) \(number(y))"
            if previous != nil { area += "L\(number(x)) \(number(y))" }
            previous = x
        }
        if let previous { area += "L\(number(previous)) \(number(height))Z" }
        var out = Markup()
        out.element(
            "svg",
            [
                "class": "spark", "viewBox": "0 0 200 41", "preserveAspectRatio": "none", "role": "img",
                "aria-label":
                    "\(what) over \(ConsolePages.duration(span)): now \(ConsolePages.rate(known.last ?? 0)), at most \(ConsolePages.rate(greatest))",
            ]
        ) { out in
            out.empty("path", ["class": "area", "d": area])
            out.empty("path", ["class": "line", "d": line])
        }
        return out.text
    }

    // MARK: Bars

    /// A bar that fills `share` of its width. A number beside it states the same.
    static func bar(_ share: Double, _ shade: String) -> String {
        var out = Markup()
        let width = max(share > 0 ? 0.5 : 0, min(1, share) * 100)
        out.element(
            "svg",
            [
                "class": "bar", "viewBox": "0 0 100 10", "preserveAspectRatio": "none", "aria-hidden": "true",
                "focusable": "false",
            ]
        ) { out in
            out.empty("rect", ["class": "track", "width": "100", "height": "10"])
            out.empty("rect", ["class": shade, "width": number(width), "height": "10"])
        }
        return out.text
    }

    /// Points to the left or the right of a middle. `range`: the greatest magnitude.
    static func balance(_ points: Int, range: Int) -> String {
        var out = Markup()
        let width = range == 0 ? 0 : min(50, Double(abs(points)) / Double(range) * 50)
        out.element(
            "svg",
            [
                "class": "bar", "viewBox": "0 0 100 10", "preserveAspectRatio": "none", "aria-hidden": "true",
                "focusable": "false",
            ]
        ) { out in
            out.empty("rect", ["class": "track", "width": "100", "height": "10"])
            out.empty(
                "rect",
                [
                    "class": points < 0 ? "loss" : "gain", "x": number(points < 0 ? 50 - width : 50),
                    "width": number(width), "height": "10",
                ])
            out.empty("path", ["class": "middle", "d": "M50 0V10"])
        }
        return out.text
    }

    /// The bands from the least to the greatest score, and the position of a score.
    static func scale(_ view: SubjectView) -> String {
        var out = Markup()
        let span = Double(max(1, view.maximum - view.minimum))
        func across(_ score: Int) -> Double {
            min(1000, max(0, (Double(score) - Double(view.minimum)) / span * 1000))
        }
        out.element(
            "svg",
            [
                "class": "scale", "viewBox": "0 0 1000 26", "preserveAspectRatio": "none", "role": "img",
                "aria-label":
                    "score \(view.score) between \(view.minimum) and \(view.maximum), in band \(view.band.printable())",
            ]
        ) { out in
            for (index, band) in view.bands.enumerated() {
                let start = across(index == 0 ? view.minimum : band.from)
                let end = index + 1 < view.bands.count ? across(view.bands[index + 1].from) : 1000
                out.empty(
                    "rect",
                    [
                        "class": shade(index, of: view.bands.count), "x": number(start), "y": "8",
                        "width": number(max(0, end - start - 3)), "height": "12",
                    ])
            }
            out.empty("path", ["class": "mark", "d": "M\(number(across(view.score))) 2V26"])
        }
        return out.text
    }

    /// The class of a band's colour: eight shades from the lowest band to the highest.
    static func shade(_ index: Int, of count: Int) -> String {
        count < 2 ? "shade5" : "shade\(min(7, 1 + index * 6 / (count - 1)))"
    }
}
