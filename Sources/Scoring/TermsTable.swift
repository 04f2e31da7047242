/// The terms that subjects enrolled under, each text once and as long as somebody is under it.
struct TermsTable {
    private var texts: [[UInt8]] = []
    private var uses: [Int] = []
    private var numbers: [[UInt8]: UInt32] = [:]
    private var free: [UInt32] = []

    /// A text's number, with one more use.
    mutating func add(_ text: [UInt8]) -> UInt32 {
        if let number = numbers[text] {
            uses[Int(number)] += 1
            return number
        }
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
            texts[Int(number)] = text
            uses[Int(number)] = 1
        } else {
            number = UInt32(texts.count)
            texts.append(text)
            uses.append(1)
        }
        numbers[text] = number
        return number
    }

    mutating func remove(_ number: UInt32) {
        uses[Int(number)] -= 1
        guard uses[Int(number)] == 0 else { return }
        numbers[texts[Int(number)]] = nil
        texts[Int(number)] = []
        free.append(number)
    }

    subscript(_ number: UInt32) -> [UInt8] { texts[Int(number)] }
}
