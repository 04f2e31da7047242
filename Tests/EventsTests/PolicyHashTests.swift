import Events
import Testing

@Suite struct PolicyHashTests {
    /// FIPS 180-4, and its examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func itIsTheSHA256OfTheText(text: String, hash: String) { #expect(PolicyHash.of(text) == hash) }

    @Test func anActivationSaysWhichPolicyItReplaces() {
        let decoder = EventDecoder()
        func replaced(_ data: String) -> String? {
            Array(data.utf8).withUnsafeBytes { data in
                var event = EventView.empty
                event.data = data
                return event.replacedPolicy(decoder)
            }
        }
        let hash = PolicyHash.of("abc")
        #expect(replaced(#"{"policy":"p","replaces":"\#(hash)"}"#) == hash)
        #expect(replaced(#"{"policy":"p"}"#) == nil)
        #expect(replaced("") == nil)
        // Not what an activation may have, and no policy's hash.
        #expect(replaced(#"{"policy":"p","replaces":"old"}"#) == "old")
        for value in ["7", "null", "true", "[]", #"{"a":"b"}"#] {
            #expect(replaced(#"{"policy":"p","replaces":\#(value)}"#) == "", "\(value)")
        }
    }
}
