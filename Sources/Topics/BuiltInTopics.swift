/// The topic files that the program contains, so that it needs no folder to run. They are those of the folder
/// `topics`; a test ensures that both are equal.
public enum BuiltInTopics {
    /// Every file's name and text, in the order of the names.
    public static let files: [(name: String, text: String)] = [
        (
            "behaviour.commerce.yaml",
            #"""
            name: behaviour.commerce
            title: Commerce
            description: >-
              Trades and ratings among members of a marketplace. A private source.
            role: source
            key: subject
            partitions: 6
            retention: 14 days               # the ledger keeps what was read
            schema: event.json
            written-by: marketplaces
            read-by: standing (intake)
            owner: Harbour Market
            sector: private
            purpose: Trust among strangers who trade with each other
            contact: sources@market.example

            """#
        ),
        (
            "behaviour.community.yaml",
            #"""
            name: behaviour.community
            title: Community
            description: >-
              Volunteer hours, complaints, offices held and judgments. A public source.
            role: source
            key: subject
            partitions: 6
            retention: 14 days               # the ledger keeps what was read
            schema: event.json
            written-by: [municipalities, courts]
            read-by: standing (intake)
            owner: The city and its courts
            sector: public
            purpose: What people do for the town, and what its offices and courts decide
            contact: registry@city.example

            """#
        ),
        (
            "behaviour.dead-letter.yaml",
            #"""
            name: behaviour.dead-letter
            title: Dead letters
            description: >-
              Records of source topics that are no events: malformed, from too far in the future, or of a control type outside the
              control topic. The bytes are the original ones; headers say why, and where they came from. What is sent to intake again,
              or discarded, gets a mark beside it.
            role: dead-letter
            key: original
            partitions: 6
            retention: 30 days
            config:
              max.message.bytes: 8388608     # 8 MiB: no record is too large to be put aside
            schema: dead-letter.json
            written-by: [standing (intake), standing dead-letter redrive, standing dead-letter discard]
            read-by: those who run the sources

            """#
        ),
        (
            "behaviour.payments.yaml",
            #"""
            name: behaviour.payments
            title: Payments
            description: >-
              Bills and loans, paid or missed. A private source: banks and utilities write it, each about its own customers.
            role: source
            key: subject
            partitions: 6
            retention: 14 days               # the ledger keeps what was read
            schema: event.json
            written-by: [banks, utilities]
            read-by: standing (intake)
            owner: Banks and utilities
            sector: private
            purpose: Whether people pay what they owe
            contact: reporting@bank.example

            """#
        ),
        (
            "behaviour.transport.yaml",
            #"""
            name: behaviour.transport
            title: Public transport
            description: >-
              Fares paid and evaded, conduct on trains and buses. A public source.
            role: source
            key: subject
            partitions: 6
            retention: 14 days               # the ledger keeps what was read
            schema: event.json
            written-by: public transport operators
            read-by: standing (intake)
            owner: The city's transport authority
            sector: public
            purpose: Fares and conduct on trains, buses and roads
            contact: transport@city.example

            """#
        ),
        (
            "standing.audit.yaml",
            #"""
            name: standing.audit
            title: The audit
            description: >-
              Who looked at whose file and why, who decided an appeal, who changed a policy or proposed to. It names people, so it is
              personal data: the retention is as long as it may be kept. Records are chained, so that one which is removed or changed
              shows (`standing audit verify`), and signed by members that have a signing key. Whoever may write here could propose an
              activation in another's name, unless members trust keys (`trusted-keys`).
            role: audit
            key: writer
            partitions: 1
            retention: 400 days
            config:
              retention.bytes: -1            # no limit, whatever the broker's default
            schema: audit.json
            written-by: standing (query)
            read-by: [standing (query), standing audit]

            """#
        ),
        (
            "standing.checkpoints.yaml",
            #"""
            name: standing.checkpoints
            title: Checkpoints
            description: >-
              What members vouch for: at this ledger offset the partition's frames have this chain head and give this state, signed.
              Also which record of the audit was there, so that a cut end of the audit shows. Written only by members that have a
              signing key; `standing verify`, `standing audit verify` and the other members read it.
            role: checkpoints
            key: ledger-partition
            partitions: 1
            retention: forever
            schema: checkpoint.json
            written-by: [standing (query), standing (fold)]
            read-by: [standing (fold), standing verify, standing audit]

            """#
        ),
        (
            "standing.control.yaml",
            #"""
            name: standing.control
            title: Control events
            description: >-
              The one source topic whose events may use the type prefix `standing.`: enrolments, withdrawals, voids, appeals,
              policies and source resets. Whoever may write here decides who is scored and by which policy, but where members are
              given --control-keys: then whoever has a key that may sign it does.
            role: control
            key: subject                     # none for standing.policy.activated and standing.source.*
            partitions: 12
            retention: forever
            config:
              retention.bytes: -1
            schema: control.json
            written-by: [enrolment desks, appeal boards, policy owners]
            read-by: standing (intake)

            """#
        ),
        (
            "standing.ledger.yaml",
            #"""
            name: standing.ledger
            title: The ledger
            description: >-
              The append-only log and the only truth: every accepted event of every subject, batched in frames. The partition is
              murmur2(subject), so the number of partitions is set once, before the first event, and never changes.
            role: ledger
            key: none                        # the writer names the partition
            partitions: 12
            repartition: never
            retention: forever
            config:
              retention.bytes: -1            # no limit, whatever the broker's default
              max.message.bytes: 8388608     # 8 MiB: the greatest frame
            schema: frame                    # binary, documented in Sources/Ledger/Frame.swift
            written-by: standing (intake)
            read-by: [standing (fold), standing (archive)]

            """#
        ),
        (
            "standing.members.yaml",
            #"""
            name: standing.members
            title: Members
            description: >-
              Where each running member answers queries, and which ledger partitions it owns. A member that is asked for a subject of
              another one's looks here whom to ask. Under the key `shadow`, the policy that all of them fold beside the active one, as
              `standing policy shadow` orders it. Whoever may write here decides where members send such questions, and what they fold so.
            role: members
            key: member
            partitions: 1
            retention: forever
            cleanup: compact
            schema: member.json
            written-by: [standing (intake), standing (fold), standing policy shadow]
            read-by: [standing (query), standing (fold), standing policy shadow]

            """#
        ),
        (
            "standing.perks.yaml",
            #"""
            name: standing.perks
            title: Perk facts
            description: >-
              Every perk granted or revoked. The facts of a ledger partition are in the partition of the same number, with
              sequence numbers that start at 1 and have no gap, so a reader can prove that it missed nothing.
            role: facts
            key: subject
            partitions: 12                   # as many as the ledger
            repartition: never
            retention: forever               # a reader starts at sequence number 1
            config:
              retention.bytes: -1
            schema: fact-perk.json
            written-by: standing (publish)
            read-by: the perks service

            """#
        ),
        (
            "standing.sanctions.yaml",
            #"""
            name: standing.sanctions
            title: Sanction facts
            description: >-
              Every sanction noticed, in force, stayed or lifted, with its evidence, measures and term. The facts of a ledger
              partition are in the partition of the same number, with sequence numbers that start at 1 and have no gap, so a
              reader can prove that it missed nothing.
            role: facts
            key: subject
            partitions: 12                   # as many as the ledger
            repartition: never
            retention: forever               # a reader starts at sequence number 1
            config:
              retention.bytes: -1
            schema: fact-sanction.json
            written-by: standing (publish)
            read-by: the blacklist service

            """#
        ),
        (
            "standing.score-changes.yaml",
            #"""
            name: standing.score-changes
            title: Score facts
            description: >-
              Every change of a score or a band, with the rules and points that made it. The facts of a ledger partition are in
              the partition of the same number, with sequence numbers that start at 1 and have no gap, so a reader can prove that
              it missed nothing.
            role: facts
            key: subject
            partitions: 12                   # as many as the ledger
            repartition: never
            retention: forever               # a reader starts at sequence number 1
            config:
              retention.bytes: -1
            schema: fact-score-changed.json
            written-by: standing (publish)
            read-by: anyone who follows scores

            """#
        ),
    ]
}
