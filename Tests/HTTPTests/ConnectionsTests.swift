import Logging
import NIOCore
import Synchronization
import Testing

@testable import HTTP

struct ConnectionsTests {
    private final class Closed: Sendable {
        private let numbers = Mutex<[Int]>([])
        var all: [Int] { numbers.withLock { $0 } }
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    private let closed = Closed()
    private let connections = Connections(maximum: 3, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    private func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    /// Connections are numbered from 0.
    private func open(_ count: Int, from first: Int = 0) {
        for number in first..<first + count {
            let entered = connections.open(at: time(Int64(number)), close: { [closed] in closed.add(number) })
            #expect(entered == number)
        }
    }

    @Test func aServerTakesAShareOfTheDescriptors() {
        #expect(Connections.maximum(descriptors: 256) == 32)
        #expect(Connections.maximum(descriptors: 1_048_576) == 1024)
        #expect(Connections.maximum(descriptors: 0) == 8)
    }

    @Test func aNewConnectionTakesThePlaceOfTheOneThatWaitsForItsClientForLongest() {
        open(3)
        connections.enter(.writing, 0, at: time(10))
        connections.enter(.readingBody, 1, at: time(11))
        open(1, from: 3)
        #expect(closed.all == [2], "idle since second 2")
        connections.enter(.idle, 3, at: time(12))
        connections.enter(.answering, 0, at: time(13))
        open(1, from: 4)
        #expect(closed.all == [2, 4], "waits since second 4, and number 1 since 11")
        #expect(connections.count == 3)
    }

    @Test func whatTheServerWorksOnIsNotClosed() {
        open(3)
        for number in 0..<3 { connections.enter(.answering, number, at: time(5)) }
        open(1, from: 3)
        #expect(closed.all == [3], "the newest")
        connections.closed(1)
        open(1, from: 4)
        #expect(closed.all == [3])
        #expect(connections.count == 3)
    }
}
