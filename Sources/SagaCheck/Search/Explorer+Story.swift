extension Explorer {
    /// A shortest way to a sighting: the number of the beginning, and what happens.
    ///
    /// States remember only their parents; what leads from one to the other is found by expanding the parent again.
    mutating func story(to sighting: Sighting) -> (beginning: Int, [Occurrence]) {
        var path = [sighting.state]
        while let last = path.last, let parent = store.parent(of: last) { path.append(parent) }
        path.reverse()
        var story: [Occurrence] = []
        for (parent, child) in zip(path, path.dropFirst()) {
            guard let found = successors(of: parent).first(where: { isState(child, $0.words) }) else {
                preconditionFailure("a state is a successor of its parent")
            }
            story.append(found.occurrence)
        }
        if let last = sighting.last { story.append(last) }
        return (path[0], story)
    }

    /// The successors of a state with what leads to them, without adding them.
    private mutating func successors(of index: Int) -> [(occurrence: Occurrence, words: [UInt64])] {
        store.copy(index, to: buffers.state)
        return collectSuccessors()
    }

    /// The successors of the state in the buffer.
    mutating func collectSuccessors() -> [(occurrence: Occurrence, words: [UInt64])] {
        purpose = .collect
        collected.removeAll()
        expandState()
        purpose = .search
        return collected
    }

    private func isState(_ index: Int, _ words: [UInt64]) -> Bool {
        store.copy(index, to: buffers.state)
        return words.indices.allSatisfy { words[$0] == buffers.state[$0] }
    }
}
