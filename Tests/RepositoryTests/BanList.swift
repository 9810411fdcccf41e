/// What is not written here, each with its replacement.
enum BanList {
    static let bans: [Ban] = language + memory + hygiene

    /// All violations of one file.
    static func violations(in file: TextFile) -> [Violation] {
        bans.flatMap { $0.violations(in: file) } + NameRule.violations(of: file) + SQLRule.violations(in: file)
    }

    // MARK: The language

    private static let language = [
        Ban(
            name: "preconcurrency", words: ["@preconcurrency"],
            instead: "wrap what is not Sendable in a type of our own that says why it is safe"),
        Ban(
            name: "dispatch", words: ["DispatchQueue", "DispatchGroup", "DispatchSemaphore", "DispatchWorkItem"],
            instead: "use structured concurrency, or a thread of your own for work that blocks"),
        Ban(
            name: "blocking-sleep", words: ["Thread.sleep", "sleep(", "usleep(", "nanosleep("],
            instead: "wait for the event itself with a deadline; in tests wait on a signal",
            isInOrder: { lines, index in lines[index].contains("Task.sleep(") || lines[index].contains("clock.sleep(") }
        ),
        Ban(
            name: "test-sleep", words: ["Task.sleep"],
            instead: "wait on a signal; a sleep is either too short or too long",
            applies: { $0.isSwift && $0.isIn("Tests/") }),
        Ban(name: "try!", words: ["try!"], instead: "use `try`, or say in a precondition why it cannot fail"),
        Ban(
            name: "fatalError", words: ["fatalError()"], instead: "say which impossible state was met, with its value"),
        Ban(
            name: "print", words: ["print(", "debugPrint("], instead: "use the log of Telemetry",
            applies: { $0.isSwift && isLibrary($0) }),
        Ban(
            name: "public", words: ["public", "open class", "open func"],
            instead: "use `package`: nobody outside uses this",
            applies: { $0.isSwift && $0.isIn("Sources/") && !publicLibraries.contains(where: $0.isIn) }),
        Ban(
            name: "unsafe-flags", words: ["unsafeFlags", ".package("],
            instead: "no unsafe flags and no outside packages",
            applies: { $0.path == "Package.swift" }),
    ]

    // MARK: Memory and sharing

    private static let memory = [
        Ban(
            name: "lock", words: ["Mutex", "NSLock", "NSRecursiveLock", "pthread_mutex_lock", "os_unfair_lock"],
            instead: "use Telemetry's Lock, which every sanitizer understands",
            applies: { $0.isSwift && $0.path != "Sources/Telemetry/Lock.swift" }),
        Ban(
            name: "nonisolated(unsafe)", words: ["nonisolated(unsafe)"],
            instead: "say in a comment above why only one thread touches it",
            isInOrder: { lines, index in index > 0 && isComment(lines[index - 1]) }),
        Ban(
            name: "@unchecked Sendable", words: ["@unchecked Sendable"],
            instead: "say in the doc comment why it is Sendable all the same",
            isInOrder: { lines, index in docComment(above: index, in: lines).contains("Sendable") }),
    ]

    // MARK: What does not belong into a repository

    private static let hygiene = [
        Ban(
            name: "leftover", words: ["TODO", "FIXME", "XXX", "HACK"], part: .everything,
            instead: "do it now, or name the gap in the documentation", applies: isNotThisFolder),
        Ban(
            name: "machine-path", words: ["work", "home", "Users", "root"].map { "/\($0)/" }, part: .everything,
            instead: "use a relative path, a temporary folder or the environment", applies: isNotThisFolder),
        Ban(
            name: "registry", words: registries, part: .everything,
            instead: "install from Debian, and name images without their host", applies: isNotThisFolder),
    ]

    /// Hosts that hand out packages: nothing here is fetched from one.
    private static let registries = [
        ["registry", "npmjs", "org"], ["pypi", "org"], ["pythonhosted", "org"], ["crates", "io"], ["rubygems", "org"],
        ["proxy", "golang", "org"], ["repo", "maven", "apache", "org"], ["repo1", "maven", "org"], ["docker", "io"],
        ["ghcr", "io"], ["quay", "io"], ["gcr", "io"], ["deb", "debian", "org"],
    ].map { $0.joined(separator: ".") }

    private static let publicLibraries = ["Reactor", "AMQP", "Postgres", "Messaging", "Participant"].map {
        "Sources/\($0)/"
    }

    /// Libraries leave standard output to the program that uses them.
    private static func isLibrary(_ file: TextFile) -> Bool {
        file.isIn("Sources/")
            && !["Sources/Skald/", "Sources/Benchmarks/", "Sources/Services/"].contains(where: file.isIn)
    }

    /// These tests must spell what they look for.
    private static let isNotThisFolder: @Sendable (TextFile) -> Bool = { !$0.isIn("Tests/RepositoryTests/") }

    private static func isComment(_ line: Substring) -> Bool { line.drop { $0 == " " }.hasPrefix("//") }

    /// The doc comment of the declaration at `index`, attributes in between skipped.
    private static func docComment(above index: Int, in lines: [Substring]) -> String {
        lines[..<index].reversed()
            .prefix { line in
                let text = line.drop { $0 == " " }
                return text.hasPrefix("///") || text.hasPrefix("@")
            }
            .joined(separator: "\n")
    }
}

/// Names that say nothing.
enum NameRule {
    /// Nothing, wherever they stand at the end of a name.
    private static let endings = ["Util", "Utils", "Utilities", "Helper", "Helpers", "Manager", "Misc"]
    /// Nothing when they are all there is.
    private static let wholes: Set<String> = ["Common", "Core", "New", "Base", "Stuff"]

    static func violations(of file: TextFile) -> [Violation] {
        guard file.isSwift else { return [] }
        // `Connection+Metrics.swift` has two names.
        let names = file.name.prefix { $0 != "." }.split(separator: "+").map(String.init)
        let found = names.filter { name in wholes.contains(name) || endings.contains { name.hasSuffix($0) } }
        return found.map {
            Violation(
                path: file.path, rule: "file name", remedy: "\($0) names nothing; name the thing that is in there")
        }
    }
}

/// SQL with something spliced into it.
///
/// `Postgres` takes statements as a type in which an interpolated value becomes a parameter, so there is nothing to find
/// there. What is left are the calls that take SQL as a plain string.
enum SQLRule {
    private static let calls = [
        "psql(", "PQexec(", "PQexecParams(", "PQsendQuery(", "PQsendQueryParams(", "PQprepare(",
    ]

    static func violations(in file: TextFile) -> [Violation] {
        guard let text = file.swift, calls.contains(where: { file.text.contains($0) }) else { return [] }
        return text.literals.compactMap { literal in
            guard literal.isInterpolated, isArgument(literal, in: text.code) else { return nil }
            let above = file.lines[max(0, literal.line - 2)...(literal.line - 1)]
            if above.contains(where: { $0.contains("Allowed (sql): ") }) { return nil }
            return Violation(
                path: file.path, line: literal.line, rule: "sql",
                remedy: "pass values as parameters ($1) or psql variables (:'name'), names as :\"name\"")
        }
    }

    /// Whether one of the calls opens on the literal's line, or on the one above and goes on.
    private static func isArgument(_ literal: SwiftText.Literal, in code: [String]) -> Bool {
        let own = code[literal.line - 1]
        let above = literal.line > 1 ? code[literal.line - 2] : ""
        let goesOn = ["(", ","].contains { above.reversed().drop { $0 == " " }.starts(with: $0) }
        return calls.contains { Ban.holds(own, $0) || (goesOn && Ban.holds(above, $0)) }
    }
}
