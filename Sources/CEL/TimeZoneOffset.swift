/// The difference of a clock from UTC.
///
/// A name is an offset `[+-]hh:mm` of less than a day, or one of the IANA names of `TimeZoneTable`. A zone has an
/// answer only from the first instant for which the table is correct. The future follows the rules that are in force.
public struct TimeZoneOffset: Sendable {
    private let zone: TimeZoneTable.Zone

    /// Nil if the name is not known.
    public init?(_ name: UnsafeRawBufferPointer) {
        if let zone = TimeZoneTable.zone(named: name) {
            self.zone = zone
        } else {
            guard let fixed = Self.fixed(name) else { return nil }
            zone = TimeZoneTable.Zone(fixed)
        }
    }

    /// Seconds east of UTC at a timestamp; nil before the first instant for which the table is correct.
    public func seconds(at moment: Moment) -> Int32? {
        guard moment.seconds >= zone.since else {
            return zone.before.last { $0.from <= moment.seconds }?.offset
        }
        let seasons = zone.seasons
        guard !seasons.isEmpty else { return zone.standard }
        let year = moment.civil(offset: zone.standard).year
        guard let season = seasons.first(where: { $0.years.contains(year) }) else { return zone.standard }
        let start = season.start.seconds(year: year, standard: zone.standard, saving: 0)
        let end = season.end.seconds(year: year, standard: zone.standard, saving: TimeZoneTable.saving)
        let isSummer =
            start < end
            ? moment.seconds >= start && moment.seconds < end : moment.seconds >= start || moment.seconds < end
        return isSummer ? zone.standard + TimeZoneTable.saving : zone.standard
    }

    private static func fixed(_ text: UnsafeRawBufferPointer) -> Int32? {
        var index = 0
        let negative = text.first == 0x2D
        if negative || text.first == 0x2B { index = 1 }
        guard text.count == index + 5, text[index + 2] == 0x3A else { return nil }
        var parts: [Int32] = []
        for at in [index, index + 3] {
            let (tens, ones) = (text[at] &- 0x30, text[at + 1] &- 0x30)
            guard tens <= 9, ones <= 9 else { return nil }
            parts.append(Int32(tens) * 10 + Int32(ones))
        }
        guard parts[0] <= 23, parts[1] <= 59 else { return nil }
        return (parts[0] * 3600 + parts[1] * 60) * (negative ? -1 : 1)
    }
}
