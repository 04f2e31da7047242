internal import Events

/// The terms of enrolments. Each text is stored once, while a subject has it.
struct TermsTable {
    private(set) var texts: [[UInt8]] = []
    private(set) var uses: [Int] = []
    private var numbers: [[UInt8]: UInt32] = [:]
    private var free: [UInt32] = []

    /// The number that was given last, which may be free by now. Subjects in a row mostly have the same text.
    private var last: UInt32 = 0

    /// Adds one use of a text. Returns its number.
    mutating func add(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        if isUsed(last), texts[Int(last)].withUnsafeBytes({ $0.equals(bytes) }) {
            uses[Int(last)] += 1
            return last
        }
        let text = Array(bytes)
        last = numbers[text] ?? insert(text)
        uses[Int(last)] += 1
        return last
    }

    /// Gives a new text a number without uses.
    private mutating func insert(_ text: [UInt8]) -> UInt32 {
        let number = free.popLast() ?? UInt32(texts.count)
        if Int(number) == texts.count {
            texts.append(text)
            uses.append(0)
        } else {
            texts[Int(number)] = text
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
