/// What a search found.
package struct SearchResult: Sendable {
    package var stateCount: Int
    package var transitionCount: Int
    /// How many things happen in the longest shortest story.
    package var depth: Int
    package var byteCount: Int
    /// Whether every state within the bounds was seen, for every payload that guards tell apart.
    package var isExhaustive: Bool
    package var interruption: Interruption?
    package var violations: [FoundViolation]
    package var coverage: Coverage
}

/// A violation with a shortest story that leads to it.
package struct FoundViolation: Sendable, Hashable {
    package var violation: Violation
    package var beginning: Int
    package var story: [Occurrence]
}

/// Where a search stands.
package struct SearchProgress: Sendable, Hashable {
    package var stateCount: Int
    package var depth: Int
}

extension World {
    /// Goes through every state of the world within its bounds.
    ///
    /// - Parameters:
    ///   - limits: How many states and violations end the search.
    ///   - isReduced: False keeps messages that can never change anything again; only tests need that.
    ///   - report: Told from time to time how far the search is; false ends it.
    package func search(
        limits: SearchLimits = SearchLimits(), isReduced: Bool = true,
        report: (SearchProgress) -> Bool = { _ in true }
    ) -> SearchResult {
        search(limits: limits, isReduced: isReduced, report: report) { _ in }
    }

    /// - Parameter inspect: Looks at the explorer when it is done.
    func search(
        limits: SearchLimits, isReduced: Bool, report: (SearchProgress) -> Bool = { _ in true },
        inspect: (borrowing Explorer) -> Void
    ) -> SearchResult {
        var size = initialSize
        while true {
            var explorer = Explorer(self, limits: limits, isReduced: isReduced, size: size)
            let depth = explorer.run(report)
            if explorer.needsRoom {
                size = explorer.enlarged(size)
                continue
            }
            inspect(explorer)
            return explorer.result(depth: depth)
        }
    }

    /// Room for one try of every command; a search that needs more starts again with more.
    var initialSize: StateLayout.Size {
        let calls = sagas.reduce(0) { sum, saga in
            sum + saga.steps.reduce(0) { $0 + ($1.do == nil ? 0 : 1) + ($1.undo == nil ? 0 : 1) }
        }
        return StateLayout.Size(messageWordCount: max(1, calls * 5 / 64), otherWordCount: max(1, calls * 6 / 64))
    }
}

extension Explorer {
    /// Expands states until there are no more.
    ///
    /// - Returns: The depth of the search.
    fileprivate mutating func run(_ report: (SearchProgress) -> Bool) -> Int {
        guard layout.fits else { return 0 }
        begin()
        var index = 0
        var depth = 0
        var levelEnd = store.count
        var fittingCount = self.fittingCount
        while index < store.count, !isFull, interruption == nil {
            if index == levelEnd {
                depth += 1
                levelEnd = store.count
            }
            expand(index)
            index += 1
            if index & 0x3ff == 0 { fittingCount = self.fittingCount }
            if index & 0x3fff == 0, !report(SearchProgress(stateCount: store.count, depth: depth)) {
                interruption = .request
            }
            if store.count >= fittingCount { interruption = .memoryLimit }
            if store.count >= limits.stateCountMax { interruption = .stateLimit }
        }
        return depth
    }

    /// How many states fit beside the tables of the sagas, which grow with their instances.
    private var fittingCount: Int {
        let left = limits.byteCountMax - tables.reduce(0) { $0 + $1.byteCount }
        return StateStore.countMax(byteCount: max(0, left), wordCount: store.wordCount)
    }

    /// Whether the search ran out of room and must start again with more.
    var needsRoom: Bool { isFull || !layout.fits }

    func enlarged(_ size: StateLayout.Size) -> StateLayout.Size {
        var size = size
        if tables.contains(where: { $0.instances.count > size.instanceCountMax }) {
            size.instanceCountMax = size.instanceCountMax * 8 + 7
        } else if layout.needsMessageWord {
            size.messageWordCount += 1
        } else {
            size.otherWordCount += 1
        }
        return size
    }

    fileprivate mutating func result(depth: Int) -> SearchResult {
        let stateCount = store.count
        let transitionCount = transitionCount
        let isExhaustive = interruption == nil && world.cutMessages.isEmpty
        let found = violations.sorted { $0.value.number < $1.value.number }.map { violation, sighting in
            let (beginning, story) = story(to: sighting)
            return FoundViolation(violation: violation, beginning: beginning, story: story)
        }
        return SearchResult(
            stateCount: stateCount, transitionCount: transitionCount, depth: depth, byteCount: store.byteCount,
            isExhaustive: isExhaustive, interruption: interruption, violations: found, coverage: coverage)
    }
}
