/// The deliveries of one channel that are not settled, and the acks that can be sent for them in few frames.
///
/// Delivery tags count up from 1 on each channel. An ack is held until it joins the prefix of settled deliveries, which
/// one `basic.ack` with `multiple` covers; those behind a gap go out singly once they have been held too long or are
/// too many. A value without I/O.
struct SettlementMachine {
    /// What the holder of a delivery decided.
    enum Decision: Sendable, Equatable {
        case ack
        case nack(requeue: Bool)
        case reject(requeue: Bool)
    }

    private enum State: UInt8 {
        /// With its holder.
        case open
        /// Acked by its holder, the broker not told yet.
        case ackHeld
        /// The broker has been told.
        case sent
    }

    /// The tag of `states[head]`.
    private var oldest: UInt64 = 1
    private var states: [State] = []
    private var head = 0
    private(set) var heldCount = 0
    /// No ack is held before it, so that a delivery open for long does not make every flush look at all that came since.
    private var firstHeld = UInt64.max
    private(set) var openCount = 0

    /// A delivery came. Tags come in order without gaps.
    mutating func delivered(_ tag: UInt64) -> Bool {
        guard tag == oldest + UInt64(states.count - head) else { return false }
        states.append(.open)
        openCount += 1
        return true
    }

    /// The holder is done with it.
    ///
    /// - Returns: false for a tag that is settled already.
    mutating func ack(_ tag: UInt64) -> Bool {
        guard let index = openIndex(of: tag) else { return false }
        openCount -= 1
        states[index] = .ackHeld
        heldCount += 1
        firstHeld = min(firstHeld, tag)
        return true
    }

    private func openIndex(of tag: UInt64) -> Int? {
        guard tag >= oldest, tag - oldest < UInt64(states.count - head) else { return nil }
        let index = head + Int(tag - oldest)
        return states[index] == .open ? index : nil
    }

    /// The holder decided.
    ///
    /// - Returns: a method to send at once, for everything but an ack; nil for an ack, and for a tag already settled.
    mutating func settle(_ tag: UInt64, _ decision: Decision) -> (accepted: Bool, method: OutboundMethod?) {
        switch decision {
        case .ack: (ack(tag), nil)
        case .nack(let requeue): refuse(tag, by: .basicNack(tag: tag, multiple: false, requeue: requeue))
        case .reject(let requeue): refuse(tag, by: .basicReject(tag: tag, requeue: requeue))
        }
    }

    private mutating func refuse(_ tag: UInt64, by method: OutboundMethod) -> (accepted: Bool, method: OutboundMethod?)
    {
        guard let index = openIndex(of: tag) else { return (false, nil) }
        openCount -= 1
        states[index] = .sent
        dropSentPrefix()
        return (true, method)
    }

    /// The acks to send now.
    ///
    /// - Parameter includingGaps: also those behind a delivery that is still open.
    mutating func flush(includingGaps: Bool, _ send: (_ tag: UInt64, _ multiple: Bool) -> Void) {
        guard heldCount > 0 else { return }
        flushPrefix(send)
        guard includingGaps else { return }
        var tag = max(firstHeld, oldest)
        while heldCount > 0 {
            let index = head + Int(tag - oldest)
            if states[index] == .ackHeld {
                states[index] = .sent
                heldCount -= 1
                send(tag, false)
            }
            tag += 1
        }
        firstHeld = .max
    }

    /// The channel is gone, and its tags with it.
    mutating func reset() {
        self = SettlementMachine()
    }

    private mutating func flushPrefix(_ send: (UInt64, Bool) -> Void) {
        var index = head
        var acked = 0
        var lastAcked = 0
        while index < states.count, states[index] != .open {
            if states[index] == .ackHeld {
                acked += 1
                lastAcked = index
            }
            index += 1
        }
        if acked > 0 {
            send(oldest + UInt64(lastAcked - head), acked > 1 || lastAcked > head)
            heldCount -= acked
        }
        drop(upTo: index)
    }

    private mutating func dropSentPrefix() {
        var index = head
        while index < states.count, states[index] == .sent { index += 1 }
        drop(upTo: index)
    }

    private mutating func drop(upTo index: Int) {
        oldest += UInt64(index - head)
        head = index
        if head == states.count {
            states.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024, head * 2 >= states.count {
            states.removeSubrange(0..<head)
            head = 0
        }
    }
}
