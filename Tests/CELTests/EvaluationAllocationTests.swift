#if canImport(CAllocationCounter)
    import CAllocationCounter
    import CEL
    import Testing

    @Suite struct EvaluationAllocationTests {
        /// Unoptimised code allocates on its own account.
        private static var isOptimised: Bool {
            #if DEBUG
                false
            #else
                true
            #endif
        }

        @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
        func conditionsOfAPolicyDoNotAllocate() throws {
            var town = Town()
            let conditions = try [
                "data.amount >= 1000.0 && data.category == \"utility\"", "points <= -100 || kind == 'business'",
                "points >= 700 && dimension.payment >= 100", "data.amount * 20.0 >= data.billed",
                "data.category in [\"a\", \"utility\"]", "has(data.hours) && data.hours > 0",
                "time > timestamp('2026-01-01T00:00:00Z')", "data.category.startsWith('util')",
                "data.category.matches('^u.*y$')", "data.tags.exists(t, t == 'late')",
            ].map { try town.compile($0) }
            let points = try town.compile("data.hours >= 3 ? -90 : data.hours * -30")
            let frame = EvaluationFrame(town.declarations)
            for (name, slot) in town.declarations.objectFields {
                switch name {
                case "category": frame.slots[slot] = .string(Text("utility"))
                case "tags": frame.slots[slot] = .list(ValueList([.string(Text("late")), .int(1)]))
                case "hours": frame.slots[slot] = .int(2)
                default: frame.slots[slot] = .double(2000)
                }
            }
            var sum: Int64 = 0
            func evaluate() {
                for condition in conditions where condition.truth(frame) == .yes { sum += 1 }
                sum += points.integer(frame) ?? 0
            }
            evaluate()
            let before = standing_allocations()
            for _ in 0..<1000 { evaluate() }
            #expect(standing_allocations() - before == 0)
            #expect(sum < 0)
        }
    }
#endif
