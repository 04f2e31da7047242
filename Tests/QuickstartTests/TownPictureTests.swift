import Quickstart
import Testing

/// What a town may look like after some years.
private func sample() -> TownPicture {
    var town = TownPicture()
    town.date = "2026-01-31"
    town.broker = "127.0.0.1:38199"
    town.address = "127.0.0.1:43210"
    town.subject = "anna-1"
    town.readsKeys = true
    town.eventsPerSecond = 12_345
    town.read = 1_234_567
    town.folded = 1_234_000
    town.duplicates = 4_321
    town.notEnrolled = 60_000
    town.deadLetters = 3_210
    town.lag = .init("standing-fold 12 frames, 1.2 s behind", .underWay)
    town.bands = [
        .init("AAA", 121), .init("AA", 232), .init("A", 1034), .init("B", 345), .init("C", 56), .init("D", 7),
    ]
    town.perks = [
        .init("deposit-free-bikes", 1210), .init("energy-discount", 301), .init("fast-track-counter", 90),
        .init("featured-listing", 12),
    ]
    town.perksInService = 1611
    (town.noticed, town.inForce, town.inForceInService, town.stayed) = (14, 37, 36, 5)
    town.lifted = [.init("cured", 41), .init("expired", 300), .init("voided", 0), .init("appeal-upheld", 22)]
    town.denied = [.init("air-travel", 8), .init("rail-high-speed", 12)]
    (town.appealsUpheld, town.appealsRejected, town.appealsLapsed) = (22, 40, 11)
    town.changes = (0..<60).map {
        .init("anna-\($0): 1003 A → 963 A (train-smoking -40, fare-paid +1, parking-fined -10)", .worse)
    }
    town.sanctionChanges = (0..<60).map {
        .init("bakery-\($0): delisted noticed until 2026-02-14, because cancelled -40, complained-of -16", .worse)
    }
    return town
}

private func withoutStyles(_ line: String) -> String { line.replacing(/\u{1B}\[[0-9]+m/, with: "") }

/// Cells: every character here takes one, but for the two that the test of wide characters uses.
private func cells(_ line: String) -> Int { line.reduce(0) { $0 + ("漢語".contains($1) ? 2 : 1) } }

/// The name and, right after it or its bar, the number.
private func shows(_ count: TownPicture.Count, in line: String) -> Bool {
    let words = line.split(separator: " ")
    guard let name = words.firstIndex(where: { $0 == count.name }) else { return false }
    return words[(name + 1)...].prefix(2).contains { $0 == String(count.count) }
}

@Suite struct TownPictureTests {
    @Test(arguments: [(40, 10), (80, 24), (120, 40), (200, 60)])
    func fitsAndLeavesNothingImportantOut(columns: Int, rows: Int) {
        let town = sample()
        let lines = town.lines(columns: columns, rows: rows, colour: false)
        #expect(lines.count <= rows)
        #expect(lines.allSatisfy { cells($0) <= columns })
        let text = lines.joined(separator: "\n")
        for part in [
            "Standing", town.date, "q or Ctrl-C ends", "127.0.0.1:43210/subjects/anna-1", "12345 events/s",
            "3210 dead letters", "standing-fold", "14 noticed", "37 in force", "5 stayed", "anna-0: 1003 A → 963 A",
        ] {
            #expect(text.contains(part), "\(part) is not in\n\(text)")
        }
        for band in town.bands {
            #expect(lines.contains { shows(band, in: $0) }, "\(band.name) \(band.count) is not in\n\(text)")
        }
    }

    @Test(arguments: [(80, 24), (120, 40), (200, 60)])
    func moreRoomShowsMore(columns: Int, rows: Int) {
        let town = sample()
        let lines = town.lines(columns: columns, rows: rows, colour: false)
        #expect(lines.count == rows, "every row is used")
        let text = lines.joined(separator: "\n")
        for part in [
            "curl http://127.0.0.1:43210/subjects/anna-1", "1234567 read", "60000 not enrolled", "█",
            "bands: people by score", "last changes and what made them", "anna-2: ", "300 expired",
            "12 rail-high-speed", "40 rejected", "bakery-0: delisted noticed until 2026-02-14", "energy-discount",
        ] {
            #expect(text.contains(part), "\(part) is not in\n\(text)")
        }
        #expect(!text.contains("0 voided"))
    }

    @Test func aLargeTerminalHasTheWholeLegendAndEmptyLines() {
        let lines = sample().lines(columns: 200, rows: 60, colour: false)
        let text = lines.joined(separator: "\n")
        for part in ["not enrolled: never joined", "stayed: waits for an appeal", "broker 127.0.0.1:38199"] {
            #expect(text.contains(part))
        }
        #expect(lines.contains(""))
    }

    @Test func everySizeFits() {
        var town = sample()
        (town.changes, town.sanctionChanges) = (Array(town.changes.prefix(9)), Array(town.sanctionChanges.prefix(9)))
        for columns in Array(0...16) + [20, 30, 39, 40, 41, 59, 60, 61, 79, 80, 100, 130] {
            for rows in Array(0...14) + [18, 23, 24, 25, 33, 40, 45] {
                let lines = town.lines(columns: columns, rows: rows, colour: false)
                #expect(lines.count <= rows && lines.allSatisfy { cells($0) <= columns }, "\(columns)x\(rows)")
            }
        }
    }

    /// At the start there is nothing yet, not even the server's address.
    @Test func anEmptyTownFits() {
        for (columns, rows) in [(1, 1), (40, 10), (80, 24)] {
            let lines = TownPicture().lines(columns: columns, rows: rows, colour: true).map(withoutStyles)
            #expect(lines.count <= rows && lines.allSatisfy { cells($0) <= columns })
        }
    }

    @Test func coloursTakeNoRoom() {
        for (columns, rows) in [(40, 10), (80, 24), (120, 40)] {
            let town = sample()
            let plain = town.lines(columns: columns, rows: rows, colour: false)
            let coloured = town.lines(columns: columns, rows: rows, colour: true)
            #expect(!plain.contains { $0.contains("\u{1B}") })
            #expect(coloured.contains { $0.contains("\u{1B}[31m") })
            #expect(coloured.count <= rows)
            #expect(coloured.allSatisfy { cells(withoutStyles($0)) <= columns })
            #expect(plain.first == coloured.first.map(withoutStyles))
        }
    }

    /// The colours' legend is there only where they are.
    @Test func theLegendExplainsColours() {
        #expect(sample().lines(columns: 120, rows: 40, colour: true).contains { $0.contains("\u{1B}[32mbetter") })
        #expect(!sample().lines(columns: 120, rows: 40, colour: false).contains { $0.contains("better") })
    }

    @Test func whatWentWrongIsShownAtEverySize() {
        var town = sample()
        town.problem = "lag is not known: no broker"
        for (columns, rows) in [(40, 10), (80, 24)] {
            let lines = town.lines(columns: columns, rows: rows, colour: false)
            #expect(lines.contains(town.problem ?? ""))
            #expect(lines.count <= rows)
        }
    }

    @Test func wideCharactersTakeTwoCells() {
        var town = sample()
        town.changes = [.init(String(repeating: "漢語", count: 50))]
        town.bands = [.init("漢語漢語漢語漢語漢語", 3), .init("A", 2)]
        for columns in 1...90 {
            let lines = town.lines(columns: columns, rows: 30, colour: false)
            #expect(lines.allSatisfy { cells($0) <= columns }, "\(columns)")
        }
    }

    @Test func otherPeoplesTextsCannotSteerTheTerminal() {
        var town = sample()
        town.changes = [.init("a\u{1B}[2J\nb\u{202E}c")]
        let lines = town.lines(columns: 80, rows: 24, colour: false)
        #expect(lines.contains { $0.contains(#"a\u001b[2J\nb\u202ec"#) })
        #expect(!lines.contains { $0.contains("\u{1B}") || $0.contains("\n") })
    }

    /// Ctrl-C always ends it; the key only where keys are read.
    @Test func theKeyIsOfferedOnlyWhereItWorks() {
        var town = sample()
        town.readsKeys = false
        let lines = town.lines(columns: 80, rows: 24, colour: false)
        #expect(lines.contains { $0.contains("Ctrl-C ends") })
        #expect(!lines.contains { $0.contains("q or") })
    }
}
