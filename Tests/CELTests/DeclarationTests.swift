import CEL
import CELJSON
import Testing

@Suite struct DeclarationTests {
    var town = Town()

    @Test mutating func namesThatAreReadAreKnown() throws {
        let expression = try town.compile("points > 0 && dimension.conduct < 0 && points < 9 && data.a.b == data.c")
        #expect(expression.references.map(\.name) == ["points", "dimension.conduct", "data.a", "data.c"])
        #expect(expression.slots == expression.references.map(\.slot))
        #expect(expression.slots.prefix(2) == [town.points, town.dimensions[1]])
        #expect(town.declarations.objectFields.map(\.name) == ["a", "c"])
        #expect(town.declarations.wholeObjectSlot == nil)
        #expect(!expression.readsWholeObject)
    }

    @Test mutating func fieldsOfTheObjectHaveSlots() throws {
        let same = try town.compile("data.a == data['a'] && has(data.a) && 'a' in data")
        #expect(same.slots.count == 1)
        let frame = EvaluationFrame(town.declarations)
        #expect(same.truth(frame) == .no)
        frame.slots[same.slots[0]] = .int(1)
        #expect(same.truth(frame) == .yes)
        frame.slots[same.slots[0]] = .error(.malformedData)
        #expect(same.truth(frame) == .error)
    }

    /// One letter with its accent in one scalar and in two.
    @Test mutating func namesAreTheirBytes() throws {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        let fields = try town.compile("data['\(composed)'] == 1 && data['\(decomposed)'] == 2")
        #expect(fields.slots.count == 2)
        #expect(town.declarations.objectFields.count == 2)
        let frame = EvaluationFrame(town.declarations)
        let reader = JSONFields(fields: town.declarations.objectFields, whole: nil, isExcluded: nil)
        Array("{\"\(decomposed)\":2,\"\(composed)\":1}".utf8).withUnsafeBytes { reader.read($0, into: frame.slots) }
        #expect(fields.truth(frame) == .yes)
        #expect(
            evaluated("'\(composed)'.matches('^\(composed)$') && !'\(composed)'.matches('^\(decomposed)$')") == "true")
        #expect(TypeName(composed) != TypeName(decomposed))
        let record = town.declarations.declareRecord("r", fields: [composed, decomposed], as: .int)
        #expect(try town.compile("r['\(decomposed)']").slots == [record[1]])
        #expect(evaluated("a", container: decomposed, ("a", .int(1)), ("\(composed).a", .int(2))) == "1")
        #expect(evaluated("a", container: decomposed, ("a", .int(1)), ("\(decomposed).a", .int(2))) == "2")
        // U+212A is canonically a K.
        #expect(evaluated("K", ("K", .int(1)), ("\u{212A}", .int(2))) == "1")
    }

    @Test mutating func aFieldOfARecordMayHaveAnyName() throws {
        let slots = town.declarations.declareRecord("d", fields: ["late-fees", "b c"], as: .int)
        let expression = try town.compile(
            "d['late-fees'] > 0 && d.`b c` > 0 && d['late' + '-fees'] > 0 && has(d.`b c`)")
        #expect(expression.diagnostics.isEmpty)
        #expect(expression.slots == slots)
        #expect(expression.references.map(\.name) == ["d.late-fees", "d.b c"])
        let frame = EvaluationFrame(town.declarations)
        frame.slots[slots[0]] = .int(1)
        frame.slots[slots[1]] = .int(2)
        #expect(expression.truth(frame) == .yes)
        #expect(try town.compile("d['late-fees']").type == .int)
        #expect(
            town.diagnostics("d['late-fee'] > 0")
                == "1:3: error: 'd' has no field 'late-fee'; did you mean 'late-fees'?")
    }

    @Test func theLongestDeclaredNameCounts() {
        let map = Value.map(ValueMap([(.string(Text("c")), .map(ValueMap([(.string(Text("d")), .int(1))])))]))
        #expect(evaluated("a.b.c.d", ("a.b", map), ("a", .int(0))) == "1")
        #expect(evaluated("a.b.c.d", ("a.b", map), ("a.b.c", .int(0)), ("a.b.c.d", .int(2))) == "2")
        #expect(evaluated("a.b.c.d", container: "x", ("a.b", map), ("x.a.b.c.d", .int(3))) == "3")
        #expect(evaluated("a.b.c.d", container: "x", ("a.b", map), ("x.a", .int(3))) == "1")
        #expect(evaluated("a.b.c.d", ("a.b.c.d.e", .int(3))).hasPrefix("error: 1:1: error: unknown name 'a'"))
    }

    @Test mutating func theWholeObjectIsAMap() throws {
        let expression = try town.compile("size(data) == 1 && data[kind] == 2 && data.a == 2")
        #expect(expression.readsWholeObject)
        let frame = EvaluationFrame(town.declarations)
        frame.slots[town.kind] = .string(Text("a"))
        frame.slots[try #require(town.declarations.wholeObjectSlot)] = .map(ValueMap([(.string(Text("a")), .int(2))]))
        frame.slots[town.declarations.objectFields[0].slot] = .int(2)
        #expect(expression.truth(frame) == .yes)
    }

    @Test mutating func everyNameThatReachesIntoTheObjectIsTold() throws {
        func names(_ source: String) throws -> [String] { try town.compile(source).objectFieldNames.map(\.name) }
        #expect(try names("data.person.gender == 'f'") == ["person", "gender"])
        #expect(try names("data['person']['gen' + 'der'] == 'f'") == ["person", "gender"])
        #expect(try names("has(data.person.gender) || 'sex' in data") == ["person", "gender", "sex"])
        #expect(try names("data.people.exists(p, p.race == 'x')") == ["people", "race"])
        #expect(try names("[data].map(d, dyn(d).race)") == ["race"])
        #expect(try names("(points > 0 ? data.a : data.b).c") == ["a", "b", "c"])
        #expect(try names("data.exists(k, k == 'gender' && data[k] == 'f')") == ["gender"])
        #expect(try names("data.exists(k, k in ['sex'])") == ["sex"])
        #expect(try names("data.exists(k, v, k == 'sex' && v.x == 1)") == ["sex", "x"])
        #expect(try names("{'gender': 1}.gender == points") == [])
        #expect(try names("data.category == 'health'") == ["category"])
    }

    @Test mutating func fieldNamesHaveTheirLocation() throws {
        let name = try #require(try town.compile("points > 0 &&\n  data.person.gender == 'f'").objectFieldNames.last)
        #expect(name.line == 2)
        #expect(name.column == 15)
    }

    @Test mutating func constantsAreFolded() throws {
        #expect(try town.compile("1 + 2 == 3").constant.map(brief) == "true")
        #expect(try town.compile("[1, 2].map(x, x * 2)").constant.map(brief) == "[2, 4]")
        #expect(try town.compile("1 / 0").constant == nil)
        #expect(try town.compile("points").constant == nil)
        #expect(try town.compile("-30").integer(EvaluationFrame(town.declarations)) == -30)
    }

    @Test mutating func typesAreKnownWhereCertain() throws {
        #expect(try town.compile("points + 1").type == .int)
        #expect(try town.compile("points > data.x").type == .bool)
        #expect(try town.compile("data.x * 2").type == .int)
        #expect(try town.compile("data.x + data.y").type == .dynamic)
        #expect(try town.compile("points > 0 ? 1 : 2.0").type == .dynamic)
    }

    @Test mutating func integersAndTruthsAreStrict() throws {
        let points = try town.compile("data.months >= 3 ? -90 : data.months * -30")
        let frame = EvaluationFrame(town.declarations)
        let slot = points.slots[0]
        #expect(points.integer(frame) == nil)
        frame.slots[slot] = .int(2)
        #expect(points.integer(frame) == -60)
        frame.slots[slot] = .double(2)
        #expect(points.integer(frame) == nil)
        frame.slots[slot] = .double(3)
        #expect(points.integer(frame) == -90)
        #expect(points.truth(frame) == .error)
        frame.slots[slot] = .int(.min)
        #expect(points.integer(frame) == nil)
    }

    // MARK: Records and constants

    @Test mutating func fieldsOfARecordHaveTypesOfTheirOwn() throws {
        let slots = town.declarations.declareRecord("attribute", fields: [("tier", .string), ("fleet", .int)])
        let expression = try town.compile("attribute.tier == 'plus' && attribute['fleet'] > 2 && 'fleet' in attribute")
        #expect(expression.diagnostics.isEmpty)
        #expect(expression.slots == slots)
        let frame = EvaluationFrame(town.declarations)
        // What reads an absent field is an error, and an error and a false one are false.
        #expect(expression.truth(frame) == .no)
        let reading = try town.compile("attribute.tier == 'plus'")
        #expect(reading.truth(frame) == .error)
        frame.slots[slots[0]] = .string(Text("plus"))
        frame.slots[slots[1]] = .int(3)
        #expect(expression.truth(frame) == .yes)
        #expect(town.diagnostics("attribute.tier > 3") == "1:16: error: no overload of > for string and int")
        #expect(
            town.diagnostics("attribute.teir == 'a'")
                == "1:11: error: 'attribute' has no field 'teir'; did you mean 'tier'?")
        #expect(town.diagnostics("'colour' in attribute") == "1:1: error: 'attribute' has no field 'colour'")
        town.declarations.declareRecord("nothing", fields: [], as: .int)
        #expect(town.diagnostics("size(nothing)") == "1:6: error: 'nothing' has no fields")
    }

    @Test mutating func aFieldThatAnOpenRecordDoesNotDeclareIsAbsent() throws {
        let slots = town.declarations.declareRecord("attribute", fields: [("tier", .string)], isOpen: true)
        let frame = EvaluationFrame(town.declarations)
        func truth(_ source: String) throws -> Truth {
            let expression = try town.compile(source)
            #expect(expression.diagnostics.isEmpty, "\(source)")
            #expect(!expression.undeclaredNames.isEmpty, "\(source)")
            return expression.truth(frame)
        }
        #expect(try truth("has(attribute.colour)") == .no)
        #expect(try truth("'colour' in attribute") == .no)
        #expect(try truth("attribute.colour == 'red'") == .error)
        #expect(try truth("attribute['colour'] == 'red'") == .error)
        #expect(try truth("attribute.colour == 'red' || true") == .yes)
        #expect(try truth("has(attribute.colour) && attribute.colour == 'red'") == .no)
        frame.slots[slots[0]] = .string(Text("plus"))
        #expect(try truth("attribute.colour == 'red' || attribute.tier == 'plus'") == .yes)
        let reading = try town.compile("attribute.fleet * 2")
        #expect(reading.integer(frame) == nil)
        #expect(reading.failure(frame, wanted: .int) == .error(.noSuchField))
        #expect(reading.slots == [])
    }

    @Test mutating func aFieldThatAnOpenRecordDoesNotDeclareIsAWarning() throws {
        town.declarations.declareRecord("attribute", fields: [("tier", .string)], isOpen: true)
        func warnings(_ source: String) throws -> [String] { try town.compile(source).warnings.map(\.description) }
        #expect(try warnings("attribute.tier == 'a'") == [])
        #expect(
            try warnings("points > 0 && attribute.teir == 'a'") == [
                "1:25: error: 'attribute' has no field 'teir': it is absent, and reading it is an error; did you mean 'tier'?"
            ])
        #expect(
            try warnings("has(attribute.colour)") == [
                "1:15: error: 'attribute' has no field 'colour': it is absent, and reading it is an error"
            ])
        let name = try #require(try town.compile("points > 0 || attribute.gender == 'f'").undeclaredNames.first)
        #expect(name.name == "gender")
        #expect(name.line == 1)
        #expect(name.column == 25)
        #expect(town.diagnostics("size(attribute)") == "1:6: error: 'attribute' is used by its fields: attribute.tier")
    }

    @Test mutating func anAbsentFieldIsToldByHas() throws {
        let slots = town.declarations.declareRecord("measure", fields: ["least"], as: .int)
        let expression = try town.compile("has(measure.least) ? measure.least : -1")
        let frame = EvaluationFrame(town.declarations)
        #expect(expression.integer(frame) == -1)
        frame.slots[slots[0]] = .int(7)
        #expect(expression.integer(frame) == 7)
    }

    @Test mutating func constantsAreCompiledIn() throws {
        let list = Value.list(ValueList([.string(Text("a")), .string(Text("gender"))]))
        town.declarations.declareConstants(
            "constant", [("limit", .int(3)), ("name", .string(Text("gender"))), ("names", list)])
        #expect(try town.compile("constant.limit * 2").constant.map(brief) == "6")
        #expect(try town.compile("constant['limit'] == 3").constant.map(brief) == "true")
        #expect(try town.compile("has(constant.limit)").constant.map(brief) == "true")
        #expect(try town.compile("points >= constant.limit").slots == [town.points])
        #expect(try town.compile("kind in constant.names").slots == [town.kind])
        #expect(
            town.diagnostics("kind == constant.limit")
                == "1:6: error: a string never equals an int: '==' is always false")
        #expect(
            town.diagnostics("constant.limt > points")
                == "1:10: error: 'constant' has no field 'limt'; did you mean 'limit'?")
        // A constant hides no name of the object's fields.
        #expect(try town.compile("data[constant.name] == 1").objectFieldNames.map(\.name) == ["gender"])
        #expect(
            try town.compile("data.exists(k, k in constant.names)").objectFieldNames.map(\.name) == ["a", "gender"])
    }
}
