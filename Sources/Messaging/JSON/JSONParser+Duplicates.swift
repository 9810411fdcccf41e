extension JSONParser {
    /// Up to this many names are compared pair by pair, which for the objects of messages is the quickest way.
    private static let pairwiseCountMax = 16

    /// Refuses an object that has one name twice: which of the two counts would depend on the reader.
    func refuseDuplicates(in object: Int) throws(JSONFault) {
        let count = Int(tape[object].length)
        if count <= 1 { return }
        let duplicate = count <= Self.pairwiseCountMax ? duplicateByPairs(in: object) : duplicateBySet(in: object)
        if let duplicate {
            throw JSONFault(
                .duplicateKey, "a field stands here twice", at: Int(tape[duplicate].start) - 1, token: duplicate + 1)
        }
    }

    private func duplicateByPairs(in object: Int) -> Int? {
        let end = Int(tape[object].next)
        var later = keyAfter(object + 1)
        while later < end {
            var earlier = object + 1
            while earlier < later {
                if maybeEqual(tape[earlier], tape[later]), name(earlier) == name(later) { return later }
                earlier = keyAfter(earlier)
            }
            later = keyAfter(later)
        }
        return nil
    }

    /// Whether a look at the bytes is needed: an escaped name has no hash.
    private func maybeEqual(_ left: JSONToken, _ right: JSONToken) -> Bool {
        left.next == right.next || left.hasEscapes || right.hasEscapes
    }

    /// Names are hashed with the random seed of the process, so that nobody can choose names that collide.
    private func duplicateBySet(in object: Int) -> Int? {
        let end = Int(tape[object].next)
        var seen = Set<Name>(minimumCapacity: Int(tape[object].length))
        var key = object + 1
        while key < end {
            guard seen.insert(name(key)).inserted else { return key }
            key = keyAfter(key)
        }
        return nil
    }

    private func keyAfter(_ key: Int) -> Int {
        Int(tape[key + 1].next)
    }

    private func name(_ key: Int) -> Name {
        let token = tape[key]
        return Name(bytes: JSONText.bytes(tape.raw(token), hasEscapes: token.hasEscapes))
    }

    /// A name by its bytes; strings would count two spellings of one accent as equal.
    private struct Name: Hashable {
        let bytes: [UInt8]

        func hash(into hasher: inout Hasher) {
            bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }
}
