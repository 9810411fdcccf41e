/// One direction of one connection: which bytes may leave now, which later, and when the connection is to be cut.
///
/// A machine without sockets or clock: the loop tells it what arrived and when, and does what `next` says.
struct FaultLane {
    /// What the loop is to do now.
    enum Action: Equatable {
        /// Nothing until more arrives or the fault changes.
        case rest
        case wait(until: ContinuousClock.Instant)
        /// Write as much of this as the socket takes, then say how much with `wrote`.
        case write([UInt8])
        /// Everything left; pass the end of the stream on.
        case end
        case cut(Fault.Cut.Manner)
    }

    private struct Piece {
        var due: ContinuousClock.Instant
        var bytes: ArraySlice<UInt8>
    }

    /// Past this the lane stops reading, so that a held link pushes back on its sender as a real one does.
    private static let waitingByteCountMax = 1 << 20
    private static let writeByteCountMax = 1 << 16

    private(set) var fault = Fault.pass
    private var pieces: [Piece] = []
    private var waitingByteCount = 0
    private var sourceEnded = false
    private var endWasPassed = false
    private var earliestWrite: ContinuousClock.Instant
    /// How many bytes may still leave before the cut, once that is known.
    private var byteCountBeforeCut: Int?
    private var matcher: PatternMatcher?

    init(_ fault: Fault, now: ContinuousClock.Instant) {
        earliestWrite = now
        set(fault, now: now)
    }

    /// Whether everything, the end included, is through.
    var isOver: Bool { endWasPassed }

    var wantsToRead: Bool {
        !sourceEnded && fault.flow != .hold && (fault.flow == .swallow || waitingByteCount < Self.waitingByteCountMax)
    }

    /// Changes the fault. What waits already is judged by the new one; a cut counts from here.
    mutating func set(_ fault: Fault, now: ContinuousClock.Instant) {
        self.fault = fault
        byteCountBeforeCut = nil
        matcher = nil
        earliestWrite = now
        switch fault.cut?.moment {
        case .afterBytes(let count): byteCountBeforeCut = count
        case .afterPattern(let pattern): matcher = PatternMatcher(pattern)
        case nil: break
        }
        if fault.flow == .swallow { loseAll() }
        var passed = 0
        for piece in pieces {
            look(at: piece.bytes, behind: passed)
            passed += piece.bytes.count
        }
    }

    /// Takes the cut away and leaves everything else as it is.
    mutating func disarmCut() {
        fault.cut = nil
        byteCountBeforeCut = nil
        matcher = nil
    }

    /// Takes `bytes` that came from the source.
    ///
    /// - Parameter jitter: A fresh random number from 0 to 1.
    mutating func arrived(_ bytes: ArraySlice<UInt8>, now: ContinuousClock.Instant, jitter: Double) {
        guard fault.flow != .swallow else { return }
        look(at: bytes, behind: waitingByteCount)
        let due = now + fault.latency + fault.jitter * jitter
        pieces.append(Piece(due: max(due, pieces.last?.due ?? due), bytes: bytes))
        waitingByteCount += bytes.count
    }

    /// The source closed its side.
    mutating func ended() { sourceEnded = true }

    func next(now: ContinuousClock.Instant) -> Action {
        guard fault.flow == .pass else { return .rest }
        if byteCountBeforeCut == 0, let cut = fault.cut { return .cut(cut.manner) }
        guard let piece = pieces.first else {
            return sourceEnded && !endWasPassed && !fault.holdsEnd ? .end : .rest
        }
        let due = max(piece.due, earliestWrite)
        if due > now { return .wait(until: due) }
        return .write(Array(piece.bytes.prefix(writeByteCountMax)))
    }

    /// The loop wrote the first `count` bytes of what `next` gave.
    mutating func wrote(_ count: Int, now: ContinuousClock.Instant) {
        pieces[0].bytes = pieces[0].bytes.dropFirst(count)
        if pieces[0].bytes.isEmpty { pieces.removeFirst() }
        waitingByteCount -= count
        if let left = byteCountBeforeCut { byteCountBeforeCut = left - count }
        if let rate = fault.bytesPerSecondMax {
            earliestWrite = max(now, earliestWrite) + .seconds(1) * (Double(count) / Double(rate))
        }
    }

    /// The loop passed the end of the stream on.
    mutating func passedEnd() { endWasPassed = true }

    private var writeByteCountMax: Int {
        var limit = min(Self.writeByteCountMax, fault.sliceByteCountMax ?? .max, byteCountBeforeCut ?? .max)
        // A slow link moves a little at a time, at least fifty times a second where it can.
        if let rate = fault.bytesPerSecondMax { limit = min(limit, max(1, rate / 50)) }
        return max(1, limit)
    }

    /// Looks for the place of the cut in bytes that have `waiting` others before them.
    private mutating func look(at bytes: ArraySlice<UInt8>, behind waiting: Int) {
        guard byteCountBeforeCut == nil, let end = matcher?.scan(bytes) else { return }
        byteCountBeforeCut = waiting + end
    }

    private mutating func loseAll() {
        pieces.removeAll()
        waitingByteCount = 0
    }
}
