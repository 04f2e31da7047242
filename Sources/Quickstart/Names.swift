/// Generates names like `anna-17`, each once.
struct Names: Sendable {
    private var givenOut: (individuals: Int, businesses: Int, officials: Int) = (0, 0, 0)

    private static let individuals = [
        "anna", "bela", "chen", "dara", "emil", "fatou", "goran", "hana", "ivo", "jana", "kofi", "lina", "milo",
        "nadia",
        "otto", "petra", "quentin", "rosa", "sami", "tomas", "uma", "vera", "wanda", "xenia", "yusuf", "zoe",
    ]
    private static let businesses = [
        "bakery", "bookshop", "brewery", "cafe", "dairy", "florist", "garage", "grocer", "joinery", "printer",
        "tailor",
    ]
    private static let officials = ["clerk", "inspector", "registrar", "surveyor", "warden"]

    mutating func next(of kind: Kind) -> [UInt8] {
        switch kind {
        case .individual: Self.take(Self.individuals, &givenOut.individuals)
        case .business: Self.take(Self.businesses, &givenOut.businesses)
        case .official: Self.take(Self.officials, &givenOut.officials)
        }
    }

    private static func take(_ words: [String], _ givenOut: inout Int) -> [UInt8] {
        defer { givenOut += 1 }
        return Array("\(words[givenOut % words.count])-\(givenOut / words.count + 1)".utf8)
    }
}
