import SagaModel

/// How something went wrong, in words.
package struct Story: Sendable, Hashable {
    /// What the aggregates were at the beginning, where a saga may begin in several states.
    package var beginning: String?
    /// What happened, one sentence or two for each occurrence.
    package var sentences: [String]
    /// What is wrong in the end.
    package var conclusion: String
}

extension Story: CustomStringConvertible {
    package var description: String {
        var lines: [String] = []
        if let beginning { lines.append(beginning) }
        for (index, sentence) in sentences.enumerated() { lines.append("\(index + 1). \(sentence)") }
        lines.append("So: \(conclusion)")
        return lines.joined(separator: "\n")
    }
}

extension World {
    /// Tells a violation that a search has found.
    package func story(of found: FoundViolation) -> Story {
        var simulation = Simulation(self, beginning: beginnings[found.beginning])
        let narrator = Narrator(world: self)
        let sentences = found.story.map { occurrence in
            do throws(ImpossibleOccurrence) {
                return narrator.sentence(for: occurrence, try simulation.apply(occurrence))
            } catch {
                preconditionFailure("the search found what cannot happen: \(error)")
            }
        }
        return Story(
            beginning: beginnings.count == 1 ? nil : narrator.beginning(beginnings[found.beginning]),
            sentences: sentences, conclusion: narrator.conclusion(of: found.violation, in: simulation))
    }
}
