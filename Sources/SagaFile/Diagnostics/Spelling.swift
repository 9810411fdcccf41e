/// Finds what was probably meant.
package enum Spelling {
    /// Returns the candidate nearest to `word`, or nil when none is near.
    ///
    /// Near means at most a third of the letters changed, added, dropped or swapped, whatever the case.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let sought = Array(word.lowercased().prefix(lengthMax))
        let budget = max(1, sought.count / 3)
        var best: (candidate: String, distance: Int)?
        let near = candidates.filter { abs($0.utf8.count - word.utf8.count) <= budget + 3 }.prefix(candidateCountMax)
        for candidate in near.sorted() {
            let distance = editDistance(sought, Array(candidate.lowercased().prefix(lengthMax)))
            if distance <= budget, distance < best?.distance ?? Int.max {
                best = (candidate, distance)
            }
        }
        return best?.candidate
    }

    /// Names are short; a hostile one must not cost quadratic time.
    private static let lengthMax = 64
    private static let candidateCountMax = 500

    /// The optimal string alignment distance: insert, delete, replace and swap of neighbours each cost one.
    static func editDistance(_ left: [Character], _ right: [Character]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    previous[column + 1] + 1, current[column] + 1, previous[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
