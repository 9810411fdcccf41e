/// The ports of one broker, held as long as it lives.
struct RabbitPorts: Sendable {
    let amqp: PortReservation
    let tls: PortReservation?
    /// Where other Erlang nodes reach it: the command-line tools.
    let distribution: PortReservation
    /// Where epmd tells which node listens on which port.
    let nameService: PortReservation
    /// The tools' own side of a distribution link.
    let tool: PortReservation

    init(_ options: RabbitOptions) throws {
        if let wanted = options.port {
            guard let port = PortReservation.take(wanted) else {
                throw LocalServerError(
                    .startFailed, subject: "RabbitMQ broker", problem: "port \(wanted) on 127.0.0.1 is taken",
                    remedy: "stop what listens there or choose another port")
            }
            amqp = port
        } else {
            amqp = try .any()
        }
        tls = options.tls == nil ? nil : try .any()
        distribution = try .any()
        nameService = try .any()
        tool = try .any()
    }
}
