import Logging
import NIOCore
import NIOEmbedded
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
    /// The connections'.
    private let eventLoop = EmbeddedEventLoop()
    private let connections = Connections(maximum: 3, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    private func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    /// Opens connections that are numbered from `first`, each in the second of its number, and lets those close that are to.
    private func open(_ count: Int, from first: Int = 0) -> [Connection] {
        defer { eventLoop.run() }
        return (first..<first + count).map { number in
            connections.open(at: time(Int64(number)), on: eventLoop, close: { [closed] in closed.add(number) })
        }
    }

    @Test func aServerTakesAShareOfTheDescriptors() {
        #expect(Connections.maximum(descriptors: 256) == 32)
        #expect(Connections.maximum(descriptors: 1_048_576) == 2048)
        #expect(Connections.maximum(descriptors: 0) == 8)
    }

    @Test func aNewConnectionTakesThePlaceOfTheOneThatWaitsForItsClientForLongest() {
        var opened = open(3)
        opened[0].enter(.writing, at: time(10))
        opened[1].enter(.readingBody, at: time(11))
        opened += open(1, from: 3)
        #expect(closed.all == [2], "idle since second 2")
        opened[3].enter(.idle, at: time(12))
        opened[0].enter(.answering, at: time(13))
        opened += open(1, from: 4)
        #expect(closed.all == [2, 4], "waits since second 4, and number 1 since 11")
        #expect(connections.count == 3)
    }

    @Test func ofThoseThatWaitEquallyLongTheOldestIsClosed() {
        for connection in open(3) { connection.enter(.idle, at: time(5)) }
        _ = open(1, from: 5)
        #expect(closed.all == [0])
    }

    @Test func whatTheServerWorksOnIsNotClosed() {
        let opened = open(3)
        for connection in opened { connection.enter(.answering, at: time(5)) }
        _ = open(1, from: 3)
        #expect(closed.all == [3], "the newest")
        connections.closed(opened[1])
        _ = open(1, from: 4)
        #expect(closed.all == [3])
        #expect(connections.count == 3)
    }

    /// Instead of it the next one is closed.
    @Test func whoGoesOnBeforeTheCloseKeepsItsConnection() {
        let opened = open(3)
        let newest = connections.open(at: time(3), on: eventLoop, close: { [closed] in closed.add(3) })
        opened[0].enter(.answering, at: time(4))
        eventLoop.run()
        #expect(closed.all == [1])
        #expect(connections.count == 3)
        connections.closed(opened[1])
        newest.enter(.answering, at: time(5))
        opened[2].enter(.answering, at: time(5))
        _ = open(1, from: 6)
        #expect(closed.all == [1, 6], "the others are answered")
        #expect(connections.count == 3)
    }

    @Test func whoGoesOnWhileItIsFoundOverdueIsNotClosed() {
        let sweeper = EmbeddedEventLoop()
        let sweep = connections.sweep(on: sweeper)
        let connection = open(1)[0]
        sweeper.advanceTime(by: .seconds(30))
        connection.enter(.answering, at: sweeper.now)
        eventLoop.run()
        #expect(closed.all == [])
        connection.enter(.idle, at: sweeper.now)
        sweeper.advanceTime(by: .seconds(30))
        eventLoop.run()
        #expect(closed.all == [0])
        sweep.cancel()
    }

    @Test(arguments: ConnectionPhase.allCases) func aPhaseEndsTheConnectionAfterItsTime(_ phase: ConnectionPhase) {
        let sweep = connections.sweep(on: eventLoop)
        open(1)[0].enter(phase, at: eventLoop.now)
        let limit = phase.limit ?? .hours(1)
        eventLoop.advanceTime(by: limit - Connections.sweepInterval)
        #expect(closed.all == [])
        eventLoop.advanceTime(by: Connections.sweepInterval)
        #expect(closed.all == (phase.limit == nil ? [] : [0]))
        sweep.cancel()
    }
}
