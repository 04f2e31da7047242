/// The terms of enrolments. Each text is stored once, while a subject has it.
struct TermsTable {
    private(set) var texts: [[UInt8]] = []
    private(set) var uses: [Int] = []
    private var numbers: [[UInt8]: UInt32] = [:]
    private var free: [UInt32] = []

    /// Adds one use of a text. Returns its number.
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

    /// Whether a subject has this text.
    func isUsed(_ number: UInt32) -> Bool { Int(number) < uses.count && uses[Int(number)] > 0 }

    /// Adds the next number's text and uses, from a snapshot. Returns false if the text has a number already.
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
