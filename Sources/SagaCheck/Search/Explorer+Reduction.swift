extension Explorer {
    /// Takes messages out of the successor that can never change anything again.
    ///
    /// A reply is inert when the saga does not await its request. Proof: `decide` ignores a reply whose request is not
    /// open, leaving the instance equal; and a request that is no longer open, or was never sent, does not become open
    /// by anything but its own first sending, which has not put a reply under way yet. (A request is closed by a reply,
    /// by being given up, or by the saga's end. A later try has another id, an operator's retry asks with the same id
    /// only while the request is still open, and a step that was undone is not asked again.) So every story through the
    /// state with the reply is, without the deliveries of that reply, a story through the state without it, and the
    /// same in sagas, aggregates, fences and stored replies; and the other way round. Faults spent on the inert copy
    /// are then left, which only allows more. The one thing an inert reply could do is keep a timer from firing for
    /// free, but the timer of a request that is not open does not run.
    ///
    /// A command is inert when its participant has stored the reply and the saga does not await it: handling it puts
    /// out one more reply, which is inert, and changes nothing else. Without an inbox that does not hold, so commands
    /// stay then; without correlation nothing of this holds, and ``isReduced`` is false.
    ///
    /// `ReductionTests` compares what both searches reach.
    @inline(__always)
    func removeInert() {
        let wordCount = layout.size.messageWordCount
        for saga in 0..<tables.count {
            let instance = layout.instances[saga].read(buffers.next)
            for word in 0..<wordCount {
                let awaited = tables[saga].awaited[instance * wordCount + word]
                let bits = buffers.next[word] & ~awaited
                buffers.next[word] &= awaited | ~replyBits[saga * wordCount + word]
                let commands = bits & commandBits[saga * wordCount + word]
                if commands != 0 && world.rules.inbox != .none { removeInert(commands, word: word) }
            }
        }
    }

    private func removeInert(_ bits: UInt64, word: Int) {
        var bits = bits
        while bits != 0 {
            let turn = fields[owners[word * 64 + bits.trailingZeroBitCount]]
            bits &= ~turn.commands.bits
            if turn.stored.read(buffers.next) > 0 { turn.commands.write(0, to: buffers.next) }
        }
    }
}
