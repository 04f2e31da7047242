import Events
import Testing

/// The forms of a content type, and what a record with it is.
@Suite struct MediaTypeTests {
    private static let modes: [(String?, ContentMode)] = [
        (nil, .binary),
        // The JSON format, in any case, with white space and parameters.
        ("application/cloudevents+json", .structured), ("application/cloudevents+json; charset=UTF-8", .structured),
        ("application/cloudevents+json;charset=utf-8", .structured), ("application/cloudevents+json;", .structured),
        ("Application/CloudEvents+JSON", .structured), ("APPLICATION/CLOUDEVENTS+JSON;CHARSET=UTF-8", .structured),
        ("application/cloudevents+json ; charset=UTF-8", .structured),
        ("application/cloudevents+json\t;\tcharset=UTF-8", .structured),
        (" application/cloudevents+json ", .structured),
        ("\tApplication/cloudevents+json\t", .structured), ("application/cloudevents+json;a=\"/;+\";b=c", .structured),
        // No format is named.
        ("application/cloudevents", .structured), ("Application/CloudEvents ; charset=UTF-8", .structured),
        ("application/cloudevents;", .structured),
        // Formats that Standing does not read, and what is no media type.
        ("application/cloudevents-batch+json", .unsupported), ("application/cloudevents-batch", .unsupported),
        ("Application/CloudEvents-Batch+JSON; charset=UTF-8", .unsupported),
        ("application/cloudevents+xml", .unsupported),
        ("application/cloudevents+avro", .unsupported), ("application/cloudevents+protobuf", .unsupported),
        ("application/cloudevents+jsonp", .unsupported), ("application/cloudevents+json+xml", .unsupported),
        ("application/cloudevents.v2+json", .unsupported), ("application/cloudevents json", .unsupported),
        ("application/cloudevents+json charset=UTF-8", .unsupported), ("application/cloudevents+json,", .unsupported),
        ("application/cloudevents/json", .unsupported), ("application/cloudevents +json", .unsupported),
        // Any other type is that of the data.
        ("", .binary), (" ", .binary), ("application/json", .binary), ("application/cloudevent+json", .binary),
        ("text/cloudevents+json", .binary), ("cloudevents+json", .binary), ("application /cloudevents+json", .binary),
        ("application/json; x=application/cloudevents+json", .binary),
    ]

    @Test(arguments: modes) func contentTypesSayWhereTheEventIs(text: String?, mode: ContentMode) {
        guard let text else {
            #expect(ContentMode(contentType: nil) == mode)
            return
        }
        Array(text.utf8).withUnsafeBytes { #expect(ContentMode(contentType: $0) == mode) }
    }

    /// Nil if the text is no media type.
    private static let data: [(String, Bool?)] = [
        ("application/json", true), ("application/JSON; charset=utf-8", true), ("application/json;charset=UTF-8", true),
        ("Application/Json\t; charset=utf-8", true), (" application/json ", true), ("text/json", true),
        ("application/vnd.town+json", true), ("application/vnd.town+JSON;v=1", true), ("image/x+json", true),
        ("application/json;", true), ("application/json; charset=iso-8859-1", true),
        ("text/plain", false), ("application/xml", false), ("application/jsonp", false),
        ("application/json+xml", false),
        ("application/protobuf", false), ("application/+json", false), ("application/xjson", false),
        ("json/plain", false), ("a+json/plain", false), ("text/plain; x=+json", false),
        ("", nil), (";", nil), ("json", nil), ("+json", nil), ("/json", nil), ("application/", nil),
        ("application/json x", nil), ("application/json, text/json", nil), ("application / json", nil),
        ("application//json", nil), ("a b/x+json", nil), ("application/x y+json", nil), ("application/ä+json", nil),
        ("application/\"json\"", nil), ("application/json\n", nil), ("\u{0}application/json", nil),
    ]

    @Test(arguments: data) func jsonIsToldByItsSubtype(text: String, isJSON: Bool?) {
        Array(text.utf8).withUnsafeBytes { #expect(MediaType($0)?.isJSON == isJSON) }
    }
}
