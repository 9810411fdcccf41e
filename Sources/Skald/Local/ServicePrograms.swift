import LocalServers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The executables of the services, found beside the tool's own.
struct ServicePrograms: Sendable {
    let folder: String

    /// The folder that `SKALD_SERVICES` names, otherwise that of this program.
    static func installed(environment: (String) -> String? = variable) -> ServicePrograms {
        if let folder = environment("SKALD_SERVICES") { return ServicePrograms(folder: folder) }
        return ServicePrograms(folder: OwnProgram.folder)
    }

    /// `order` runs as `OrderService`, `pay-out` would as `PayOutService`.
    static func name(of service: String) -> String {
        service.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + "Service"
    }

    func path(of service: String) -> String { "\(folder)/\(Self.name(of: service))" }

    func exists(_ service: String) -> Bool { access(path(of: service), X_OK) == 0 }

    /// - Throws: where one is not built, with the command that builds them.
    func check(_ services: [String]) throws(Failure) {
        let missing = services.filter { !exists($0) }.map(Self.name)
        if missing.isEmpty { return }
        throw Failure(
            .unavailable, "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not in \(folder)",
            remedy: "Build them: swift build")
    }
}

/// The environment of this process.
func wholeEnvironment() -> [String: String] {
    var all: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
        let pair = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if pair.count == 2 { all[String(pair[0])] = String(pair[1]) }
        next += 1
    }
    return all
}
