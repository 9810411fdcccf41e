extension RabbitServer {
    /// A shell script that runs `rabbitmqctl` against this broker, for people and for tools in other processes.
    ///
    /// It asks the name service first: where there is none, the tool would start one that nobody ends.
    package var controlScript: String {
        let command = RabbitInstallation.tool("rabbitmqctl", [], for: self)
        let settings = command.launch.environment.sorted { $0.key < $1.key }.map {
            "\($0.key)=\(Self.quoted($0.value))"
        }
        let words = command.launch.arguments.map(Self.quoted)
        return """
            #!/bin/sh
            # Runs rabbitmqctl against the private broker of this folder.
            if ! epmd -port \(ports.nameService.port) -names 2>/dev/null | grep -q '^name \(shortName) at '; then
                echo "the broker of this folder does not run" >&2
                exit 69
            fi
            exec env -i \(settings.joined(separator: " ")) \(words.joined(separator: " ")) "$@"

            """
    }

    /// The node's name without its host, as the name service knows it.
    private var shortName: Substring { nodeName.prefix { $0 != "@" } }

    /// A word that the shell takes as it is.
    private static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
