/// The terms that subjects enrolled under, each text once and as long as somebody is under it.
struct TermsTable {
    private(set) var texts: [[UInt8]] = []
    private(set) var uses: [Int] = []
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

    /// Whether somebody is under this text.
    func isUsed(_ number: UInt32) -> Bool { Int(number) < uses.count && uses[Int(number)] > 0 }

    /// The next number's text and uses, as they were; false: the text has a number already.
    mutating func restore(_ text: [UInt8], uses count: Int) -> Bool {
        let number = UInt32(texts.count)
        texts.append(text)
        uses.append(count)
        if count == 0 {
            free.append(number)
            return text.isEmpty
        }
        return numbers.updateValue(number, forKey: text) == nil
    }

    subscript(_ number: UInt32) -> [UInt8] { texts[Int(number)] }
}
