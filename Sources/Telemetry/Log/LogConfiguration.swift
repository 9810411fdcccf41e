/// The level and format a program logs with, read from its environment.
package struct LogConfiguration: Equatable, Sendable {
    package var level: LogLevel
    package var format: LogFormat

    package init(level: LogLevel, format: LogFormat) {
        self.level = level
        self.format = format
    }

    /// Reads `LOG_LEVEL` and `LOG_FORMAT` (`json`, `text` or `auto`: text on a terminal, JSON elsewhere).
    ///
    /// Color follows the custom of terminals: off with `NO_COLOR`, on a dumb terminal, and where nobody reads.
    package init(environment: [String: String], isTerminal: Bool) throws(LogConfigurationError) {
        level = .info
        if let name = environment["LOG_LEVEL"], !name.isEmpty {
            guard let chosen = LogLevel(name: name) else {
                throw LogConfigurationError(
                    variable: "LOG_LEVEL", value: name, allowed: LogLevel.allCases.map(\.name))
            }
            level = chosen
        }
        let isColored = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        switch environment["LOG_FORMAT"] ?? "auto" {
        case "json": format = .json
        case "text": format = .text(isColored: isColored)
        case "auto", "": format = isTerminal ? .text(isColored: isColored) : .json
        case let name:
            throw LogConfigurationError(variable: "LOG_FORMAT", value: name, allowed: ["json", "text", "auto"])
        }
    }
}

/// An environment variable of the log that has a value nobody knows.
package struct LogConfigurationError: Error, Equatable, CustomStringConvertible {
    package let variable: String
    package let value: String
    package let allowed: [String]

    package var description: String {
        "\(variable) is \"\(value)\", which is none of \(allowed.joined(separator: ", "))"
    }
}
