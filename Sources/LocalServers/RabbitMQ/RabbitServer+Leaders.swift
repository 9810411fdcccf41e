extension RabbitServer {
    /// Sees to it that every quorum queue has a leader, on a thread that may block.
    ///
    /// A quorum queue of a single node now and then comes back from a restart as a follower and waits for a leader that
    /// nobody else can be: declaring, publishing and consuming then hang without an error (rabbitmq-server issue 10070,
    /// ra issue 179). An election asked for ends it at once.
    func electLeaders(within limit: Duration, _ flag: CancellationFlag) throws -> Bool {
        let deadline = Deadline(after: limit)
        let led = try deadline.poll(every: .milliseconds(50)) { () throws -> Bool? in
            try flag.check()
            return try answer(to: Self.electionOfTheUnled, limit: limit) == "0" ? true : nil
        }
        return led ?? false
    }

    /// Asks for an election in every queue without a leader and yields how many there were.
    private static let electionOfTheUnled = """
        length([catch ra:trigger_election(amqqueue:get_pid(Queue)) || Queue <- rabbit_amqqueue:list(),
            amqqueue:get_type(Queue) =:= rabbit_quorum_queue,
            case ets:lookup(ra_state, element(1, amqqueue:get_pid(Queue))) of
                [State | _] -> element(2, State) =/= leader;
                [] -> true
            end])
        """
}
