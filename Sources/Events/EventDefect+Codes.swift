extension EventDefect {
    /// Every code that a record can have, so that its count can begin at 0. A defect that is new needs its code here.
    public static let codes: [String] = reasons.flatMap { attribute, reasons in
        reasons.map { EventDefect(attribute, $0).code }
    }

    private static let reasons: [(Attribute, [Reason])] = [
        (
            .event,
            [
                .nullValue, .notCloudEvents, .notJSON, .invalidUTF8, .notAnObject, .duplicateKey, .tooDeep, .tooLarge,
                .numberOutOfRange, .outOfMemory, .atMemoryLimit,
            ]
        ),
        (.specversion, [.missing, .wrongVersion] + member),
        (.id, text), (.source, text + [.notDeclared, .tooOld]), (.type, text + [.reservedType, .unknownControlType]),
        (.subject, text),
        (.time, [.missing, .empty, .notATime, .inTheFuture] + member),
        (
            .data,
            [
                .missing, .notJSON, .invalidUTF8, .notAnObject, .duplicateKey, .tooDeep, .tooLarge, .numberOutOfRange,
                .outOfMemory, .missingMember, .wrongMember, .unknownKind, .unknownOutcome, .invalidPolicy,
            ]
        ),
        (.datacontenttype, characters + member), (.base64, [.unsupported] + member),
        (.contentType, [.unsupported, .duplicateKey]), (.control, [.notSigned, .badSignature, .notAllowed]),
    ]

    /// Of every attribute that must be a string.
    private static let member: [Reason] = [.notAString, .duplicateKey]
    private static let characters: [Reason] = [.controlCharacter, .noncharacter, .invalidUTF8]
    /// Of an attribute that is a text of limited length.
    private static let text: [Reason] = [.missing, .empty, .tooLong] + characters + member
}
