internal import Events

/// The result of one check of `standing doctor`.
public struct Finding: Sendable, Equatable {
    public enum Severity: String, Sendable, CaseIterable, Comparable {
        case ok
        /// Information without a need to act.
        case note
        /// The check could not be made, so its result is unknown.
        case unchecked
        /// It works now, but not for ever or in every case.
        case warning
        /// Something does not work, or data can be lost.
        case error

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        public static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }
    }

    /// The check, such as `topics`.
    public let check: String
    public let severity: Severity
    /// The finding in a word or two that scripts can rely on, such as `topic-missing`.
    public let code: String
    public let message: String
    /// The remedy in one sentence; nil if there is nothing to do.
    public let remedy: String?

    public init(_ check: String, _ severity: Severity, _ code: String, _ message: String, remedy: String? = nil) {
        (self.check, self.severity, self.code) = (check, severity, code)
        (self.message, self.remedy) = (message, remedy)
    }

    public static func ok(_ check: String, _ message: String) -> Finding { Finding(check, .ok, "ok", message) }

    public static func unchecked(_ check: String, why: String, remedy: String? = nil) -> Finding {
        Finding(check, .unchecked, "unchecked", "could not be checked: \(why)", remedy: remedy)
    }
}

/// All findings, in the order of the checks.
public struct FindingReport: Sendable, Equatable {
    public var findings: [Finding]

    public init(_ findings: [Finding]) { self.findings = findings }

    public var isWrong: Bool { findings.contains { $0.severity == .error } }

    /// A line per finding and one below it with its remedy, then a line with the numbers.
    public var text: String {
        var table = TextTable([.text("check"), .text("result"), .text("code"), .text("what")])
        for finding in findings {
            table.add([finding.check, finding.severity.rawValue, finding.code, finding.message])
            if let remedy = finding.remedy { table.add(["", "", "", "-> " + remedy]) }
        }
        return table.take() + "\n" + summary + "\n"
    }

    private var summary: String {
        let severities: [Finding.Severity] = [.error, .warning, .unchecked, .note, .ok]
        return severities.map { severity in
            "\(findings.count { $0.severity == severity }) \(severity.rawValue)"
        }.joined(separator: ", ")
    }

    /// `{"ok","findings":[{"check","severity","code","message","mend"}]}` on one line; the last is null if there is none.
    public var json: String {
        JSONWriter.object { writer in
            writer.member("ok", !isWrong)
            writer.list("findings", findings) { writer, finding in
                writer.open()
                writer.member("check", finding.check)
                writer.member("severity", finding.severity.rawValue)
                writer.member("code", finding.code)
                writer.member("message", finding.message)
                writer.member("mend", finding.remedy)
                writer.close()
            }
        }
    }
}
