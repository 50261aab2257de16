/// What a connection holds after its end, so that the descriptor is closed at once.
final class ClosedTransport: Transport {
    let descriptor: Int32 = -1

    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult { .closed }

    func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult { .closed }
}
