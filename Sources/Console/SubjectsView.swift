public import Events

/// A page of subjects that a search found.
public struct SubjectsView: Sendable {
    public struct Row: Sendable {
        public var subject: SubjectID
        public var kind: String
        public var score: Int
        public var band: String
        public var sanctions: [String]
        public var perks: [String]
        public var enrolled: Timestamp

        public init(
            subject: SubjectID, kind: String, score: Int, band: String, sanctions: [String], perks: [String],
            enrolled: Timestamp
        ) {
            (self.subject, self.kind, self.score, self.band) = (subject, kind, score, band)
            (self.sanctions, self.perks, self.enrolled) = (sanctions, perks, enrolled)
        }
    }

    public var rows: [Row]
    /// The cursor of the next page; nil on the last.
    public var next: String?
    /// The values of the filter.
    public var kinds: [String]
    public var bands: [String]
    public var perks: [String]
    public var sanctions: [String]

    public init(rows: [Row], next: String?, kinds: [String], bands: [String], perks: [String], sanctions: [String]) {
        (self.rows, self.next, self.kinds, self.bands) = (rows, next, kinds, bands)
        (self.perks, self.sanctions) = (perks, sanctions)
    }
}
