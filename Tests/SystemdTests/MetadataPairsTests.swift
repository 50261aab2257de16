import Logging
import Testing

@testable import Systemd

@Suite("What goes with an event")
struct MetadataPairsTests {
    @Test("is the handler's metadata, the provider's and the event's, the later winning, by key")
    func merged() {
        var handler = PlainLogHandler(
            metadataProvider: Logger.MetadataProvider { ["b": "provider", "c": "provider"] }
        )
        handler.metadata = ["a": "handler", "b": "handler"]
        handler[metadataKey: "d"] = ["x", "y"]
        let pairs = handler.pairs(of: .test("m", metadata: ["c": "event", "e": "\(3)"]))
        #expect(pairs.map(\.key) == ["a", "b", "c", "d", "e"])
        #expect(pairs.map(\.value) == ["handler", "provider", "event", "[\"x\", \"y\"]", "3"])
        #expect(handler[metadataKey: "a"] == "handler")
    }

    @Test("tells of the error, if there is one")
    func error() {
        let error = Trouble()
        let pairs = PlainLogHandler().pairs(of: .test("m", error: error))
        #expect(pairs.map(\.key) == ["error.message", "error.type"])
        #expect(pairs.map(\.value) == ["trouble", "SystemdTests.Trouble"])
    }
}

struct Trouble: Error, CustomStringConvertible {
    let description = "trouble"
}
