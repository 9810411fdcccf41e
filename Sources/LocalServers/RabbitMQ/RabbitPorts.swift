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
        amqp = try .wanted(options.port, by: "RabbitMQ broker")
        tls = options.tls == nil ? nil : try .any()
        distribution = try .any()
        nameService = try .any()
        tool = try .any()
    }
}
