extension Metric {
    public var kind: Kind { row.kind }

    /// One sentence, without backslashes, quotes and line ends.
    public var help: String { row.help }

    private var row: (kind: Kind, help: String) {
        switch self {
        case .foldPartitions: (.gauge, "Ledger partitions that this process owns and folds.")
        case .foldPartitionsCurrent: (.gauge, "Owned ledger partitions that are folded to their end.")
        case .foldPartitionsQuarantined:
            (.gauge, "Owned ledger partitions whose fold waits at a record that cannot be read or folded.")
        case .foldPartitionsSwitching:
            (
                .gauge,
                "Owned ledger partitions whose history is folded once more, for another policy or because a source is "
                    + "withdrawn or restored."
            )
        case .standbyPartitions: (.gauge, "Ledger partitions of other members that this process folds along.")
        case .shadowPartitions:
            (.gauge, "Owned ledger partitions by how far the policy in the shadow is: only while there is one.")
        case .shadowFramesBehind:
            (.gauge, "Ledger offsets of the owned partitions that are not folded yet under the policy in the shadow.")
        case .shadowSubjects:
            (.gauge, "Subjects whose score under the policy in the shadow is higher, lower or the same.")
        case .shadowBands:
            (.gauge, "Subjects whose band under the policy in the shadow is another one, by the two bands.")
        case .shadowPerks: (.gauge, "Subjects who would gain or lose a perk under the policy in the shadow.")
        case .shadowSanctions:
            (.gauge, "Subjects who would have a sanction, or be free of it, under the policy in the shadow.")
        case .intakePartitions: (.gauge, "Partitions of source topics that this process reads.")
        case .memoryFull:
            (.gauge, "1 while enrolments become dead letters because a process is at its memory limit, else 0.")
        case .sourceFrozen:
            (.gauge, "1 for each source topic that has lost records and waits for standing source acknowledge.")
        case .sourceWithdrawn:
            (
                .gauge,
                "1 for each source topic that is withdrawn in an owned ledger partition, of the first 256 of them by name."
            )
        case .sourceWithdrawnPartitions:
            (.gauge, "Owned ledger partitions in which a source topic is withdrawn, of the first 256 topics by name.")
        case .subjects: (.gauge, "Subjects of the owned ledger partitions, by band.")
        case .foldBehindSeconds:
            (.gauge, "For how long the owned partition that is furthest behind has been behind its end.")
        case .foldFramesBehind:
            (.gauge, "Offsets of the ledger that are not folded yet, of the owned partitions whose end is known.")
        case .foldNextOffset:
            (.gauge, "The ledger offset that is folded next, by owned ledger partition, of the first 512 of them.")
        case .foldClock:
            (.gauge, "The clock of an owned ledger partition, as a Unix time, by partition, of the first 512 of them.")
        case .ledgerNextOffset:
            (
                .gauge,
                "Where an owned ledger partition ends, as far as it is known, by partition, of the first 512 of "
                    + "them."
            )
        case .foldStateBytes:
            (.gauge, "Memory that the states of ledger partitions take, those of standbys among them.")
        case .policyInfo: (.info, "The policies that are active in the owned ledger partitions.")
        case .foldEntries: (.counter, "Ledger entries with an event, whatever came of it.")
        case .foldScored: (.counter, "Behaviour events that a rule or a sanction took.")
        case .foldUnmatched:
            (.counter, "Behaviour events of enrolled subjects that no rule, no measure and no sanction took.")
        case .foldDuplicates: (.counter, "Events that were known already.")
        case .foldNotEnrolled: (.counter, "Events that did not count because their subject was not enrolled.")
        case .foldEarly: (.counter, "Behaviour events that came before their subject's enrolment.")
        case .foldEarlyFolded: (.counter, "Early events that were folded later, at an enrolment.")
        case .foldEarlyBeyondLimit: (.counter, "Early events that were dropped because too many waited.")
        case .foldBeyondLimit:
            (.counter, "Events that did not count because their subject has as many as there can be.")
        case .foldOutOfRange: (.counter, "Entries that contribute nothing because their time is out of range.")
        case .foldKindNotScored: (.counter, "Enrolments of a kind that the policy does not score.")
        case .foldEnrolments: (.counter, "Enrolments folded.")
        case .foldWithdrawals: (.counter, "Withdrawals folded.")
        case .foldSanctionsImposed: (.counter, "Sanctions imposed.")
        case .foldVoids: (.counter, "Voids of an event.")
        case .foldVoidsIgnored: (.counter, "Voids of an event that is not there.")
        case .foldAppealsIgnored: (.counter, "Appeals and decisions that had no sanction to be about.")
        case .foldEvaluationErrors: (.counter, "Evaluations of an expression that gave no value.")
        case .foldEvaluationErrorsByRule:
            (.counter, "Evaluations that gave no value, by rule and reason, since the process or its policy began.")
        case .foldEvaluationErrorsByMeasure:
            (.counter, "Evaluations that gave no value, by measure and reason, since the process or its policy began.")
        case .foldEvaluationErrorsBySanction:
            (.counter, "Evaluations that gave no value, by sanction and reason, since the process or its policy began.")
        case .foldEvaluationErrorsByPerk:
            (.counter, "Evaluations that gave no value, by perk and reason, since the process or its policy began.")
        case .foldEvaluationErrorsOther:
            (.counter, "Evaluations that gave no value and are beyond the number of names that are counted apart.")
        case .foldPolicySwitches:
            (
                .counter,
                "Activations of a policy, and withdrawals and restorations of a source, folded, once for each ledger partition."
            )
        case .foldActivationsIgnored:
            (
                .counter,
                "Activations of a policy, and acts about a source, that changed nothing because another policy was active "
                    + "or the ledger is of an older fold version, once for each ledger partition."
            )
        case .foldTicks: (.counter, "Ticks of the clock folded.")
        case .foldTimers:
            (
                .gauge,
                "Timers of the owned ledger partitions that are not due yet: ends of buckets, terms, notices and "
                    + "graces."
            )
        case .foldTimersFired: (.counter, "Timers that fell due, since the process or its policy began.")
        case .foldEventsByRule:
            (
                .counter,
                "Behaviour events that a rule took, by rule, since the process or its policy began; of the first "
                    + "256 rules, and of all others together."
            )
        case .foldCostByRule:
            (
                .counter,
                "Units of work of a rule's expressions over events, by rule, since the process or its policy began; of "
                    + "the first 256 rules, and of all others together. A rule that only compares numbers takes none."
            )
        case .foldUnmatchedByType:
            (.counter, "Events whose type the policy does not name, by type, since the process or its policy began.")
        case .foldNotEnrolledByTopic:
            (.counter, "Events that did not count because their subject was not enrolled, by source topic.")
        case .foldEarlyEvents: (.gauge, "Early events that wait for an enrolment now.")
        case .foldFrames: (.counter, "Frames of the ledger folded.")
        case .foldBusySeconds:
            (
                .counter,
                "Time that workers have spent on slices, in which they fold and publish: a second of each worker at "
                    + "most."
            )
        case .workers: (.gauge, "Threads that fold.")
        case .inboxBytes: (.gauge, "Bytes of ledger frames that are polled and wait for a worker.")
        case .partitionsPaused:
            (.gauge, "Ledger partitions that are paused at the broker because as many of their frames wait as may.")
        case .slicesWaiting: (.gauge, "Ledger partitions that wait for a worker.")
        case .spareSlicesWaiting:
            (.gauge, "Ledger partitions that wait for a worker with nothing but what can wait, such as a shadow.")
        case .partitionRestarts: (.counter, "Times that a ledger partition began anew after an error of its own.")
        case .roleRestarts: (.counter, "Times that the work of a role began anew after an error, by role.")
        case .pollAge: (.gauge, "Time since the last poll of a group, by role.")
        case .pollGapLongest:
            (
                .gauge,
                "The longest time between two polls of a group since the process began, also while it lasts, by role."
            )
        case .pollIntervalLimit:
            (
                .gauge,
                "The time without a poll after which a group takes a member for dead and gives its partitions away."
            )
        case .ledgerRepeatedEntries: (.counter, "Ledger entries that had been accepted before and were passed over.")
        case .ledgerRepeatedFrames: (.counter, "Ledger frames that had been accepted before and were passed over.")
        case .ledgerRefusedFrames: (.counter, "Ledger frames that were refused because frames before them are missing.")
        case .intakeRecords: (.counter, "Records of source topics read.")
        case .intakeRecordsByTopic: (.counter, "Records of source topics read, by topic.")
        case .intakeEvents: (.counter, "Records of source topics that were events.")
        case .intakeFrames: (.counter, "Frames appended to the ledger.")
        case .ledgerAppendedBytes: (.counter, "Bytes of the frames appended to the ledger.")
        case .intakeBatchesInFlight: (.gauge, "Batches of source records that are read and not acknowledged yet.")
        case .intakeBytesInFlight: (.gauge, "Bytes of frames and dead letters that are sent and not acknowledged yet.")
        case .intakePaused: (.gauge, "1 while nothing is read because too much is not acknowledged, else 0.")
        case .intakePolls: (.counter, "Polls of source topics, also those that returned nothing.")
        case .intakeFullPolls:
            (.counter, "Polls of source topics that returned as many records as a poll can: more of them may wait.")
        case .intakeWaitsForControl: (.gauge, "1 while sources wait until the control topic is read, else 0.")
        case .intakeExpiredPositions: (.counter, "Offsets of source topics that expired before they were read.")
        case .intakeSeconds:
            (
                .histogram,
                "From the timestamp of a source record until it is acknowledged in the ledger, of the first record of each "
                    + "batch: the first part of the time from event to fact."
            )
        case .foldSeconds:
            (
                .histogram,
                "From the timestamp of a frame of the ledger until the last of its facts is acknowledged, of each frame that "
                    + "has facts: the second part of the time from event to fact."
            )
        case .eventToFactSeconds:
            (
                .histogram,
                "From the time of an event, as its producer states it, until its facts are acknowledged, of the "
                    + "first event of each ledger frame that has facts; of events of the last day."
            )
        case .deadLetters: (.counter, "Records that became dead letters, by reason.")
        case .deadLettersByTopic: (.counter, "Records that became dead letters, by source topic.")
        case .factsPublished: (.counter, "Facts published and acknowledged, by topic.")
        case .factBytesPublished: (.counter, "Bytes of the facts published, by topic.")
        case .factsInFlight: (.gauge, "Facts that are sent and not acknowledged yet.")
        case .factsWaitForRoom:
            (.gauge, "Ledger partitions whose fold waits because the producer has no room for their facts.")
        case .archiveBytes:
            (.gauge, "Bytes of the archives in the data folder, also of partitions that others fold now.")
        case .archiveSegments:
            (.gauge, "Segment files of the archives in the data folder, also of partitions that others fold now.")
        case .archiveWaitsForRoom:
            (.gauge, "Ledger partitions whose fold waits because the disk of the archive is full.")
        case .dataFreeBytes: (.gauge, "Bytes that this process may still write to the file system of the data folder.")
        case .dataSizeBytes: (.gauge, "Bytes of the file system of the data folder.")
        case .snapshotsWritten: (.counter, "Snapshots written to the disk.")
        case .snapshotsFailed: (.counter, "Snapshots that could not be written.")
        case .snapshotBytes: (.counter, "Bytes of the snapshots written.")
        case .snapshotSeconds: (.histogram, "The time that a snapshot takes to be written to the disk and synced.")
        case .snapshotAge:
            (
                .gauge,
                "Time since the last snapshot, or since the start, of the owned ledger partition for which it is "
                    + "longest."
            )
        case .memoryLimit: (.gauge, "Memory from which on enrolments become dead letters; only where there is a limit.")
        case .lookUps:
            (
                .gauge,
                "Look-ups that run or wait, by kind: of the past, of standings whose fold is at work, at other "
                    + "members, overviews, and open streams of events."
            )
        case .lookUpsMaximum: (.gauge, "Look-ups that can run and wait, by kind: those beyond are answered with 503.")
        case .accessRefused:
            (
                .counter,
                "Requests over HTTP that were refused, by reason: a token or a password that proves nothing, a role "
                    + "that may not, a caller who asks too often."
            )
        case .auditFindings:
            (.gauge, "Places where the audit is altered or records are missing; left out until it is read to its end.")
        case .idleMembersAway:
            (
                .gauge,
                "Announced members without ledger partitions that did not answer when this member last asked them for "
                    + "the overview; left out if that was not in the last 10 minutes."
            )
        case .sanctions: (.gauge, "Sanctions of the owned ledger partitions, as of what is folded, by state.")
        case .sanctionsOverdue:
            (
                .gauge,
                "Those past their end by the wall clock that are not lifted; left out where the ledger has another clock."
            )
        case .sanctionsPartitions: (.gauge, "Owned ledger partitions whose sanctions were counted at the last look.")
        case .lagRecords:
            (
                .gauge,
                "Records, of the ledger frames, that a group has not read; left out while it is not known of a partition."
            )
        case .lagSeconds:
            (
                .gauge,
                "Age of the oldest record that a group has not read; left out while it is not known of a partition."
            )
        case .lagCatchUpSeconds:
            (
                .gauge,
                "Until a group has caught up, extrapolated from the rates of the last looks; infinite if it never does."
            )
        case .lagStatus: (.gauge, "1 for the status of each group; a status that it does not have is left out.")
        case .lagUnknownPartitions: (.gauge, "Partitions of a group of which it is not known how far they are behind.")
        case .lagSubjectsAtLeast:
            (.gauge, "Subjects with events in the ledger that are not folded: no fewer than this many.")
        case .lagSubjectsAtMost:
            (
                .gauge,
                "Subjects with events in the ledger that are not folded: no more than this many, left out if that is not known."
            )
        case .lagSanctionsWaitingAtMost:
            (
                .gauge,
                "Sanctions that unread events of a stale source may lift: no more than this many, left out if that is not known."
            )
        case .lagStaleSources:
            (.gauge, "Source topics that are read late, of which a partition is unknown, or that have lost records.")
        case .lagReportAgeSeconds: (.gauge, "Since the last report of lag was made.")
        case .lagReportCurrent:
            (.gauge, "1 while the last report of lag is current, else 0: then there are no other metrics of lag.")
        case .metricsDroppedSeries:
            (
                .counter,
                "Requests for a series that is not kept, because there are too many or its name has "
                    + "another type."
            )
        case .downstreamFacts: (.counter, "Records of the fact topic, by what became of them.")
        case .downstreamCurrent: (.gauge, "1 while the fact topic is known to its end, else 0.")
        case .downstreamPartitions: (.gauge, "Partitions of the fact topic that are read here.")
        case .downstreamUnread:
            (.gauge, "Records of the fact topic that are not read yet, of the partitions that are read here.")
        case .downstreamBehindSeconds:
            (.gauge, "Time since the whole fact topic was known, or since the start where it was never known.")
        case .kafkaStatisticsAge:
            (.gauge, "Time since the client last told its statistics, by client: what follows is of then.")
        case .kafkaQueuedRecords: (.gauge, "Records that a producer has and that are not acknowledged, by client.")
        case .kafkaQueuedBytes:
            (.gauge, "Bytes of the records that a producer has and that are not acknowledged, by client.")
        case .kafkaFetchedRecords: (.gauge, "Records that a consumer has fetched and not handed out yet, by client.")
        case .kafkaFetchedBytes:
            (.gauge, "Bytes of the records that a consumer has fetched and not handed out yet, by client.")
        case .kafkaEventsWaiting:
            (.gauge, "Deliveries, errors and log lines that a client has and that are not served yet, by client.")
        case .kafkaRebalances: (.counter, "Rebalances of a consumer's group that it has taken part in, by client.")
        case .kafkaBrokerUp: (.gauge, "1 while a client is connected to a broker, else 0, by client and broker.")
        case .kafkaRoundTrip:
            (
                .summary,
                "Time from a request to its answer, of a fetch with the broker's wait for records, by client and broker; "
                    + "quantiles are of the last interval of statistics."
            )
        case .kafkaThrottle: (.summary, "Time for which a broker has asked a client to wait, by client and broker.")
        case .kafkaRequests: (.counter, "Requests sent, by client and broker.")
        case .kafkaRequestBytes: (.counter, "Bytes sent, by client and broker.")
        case .kafkaResponses: (.counter, "Answers received, by client and broker.")
        case .kafkaResponseBytes: (.counter, "Bytes received, by client and broker.")
        case .kafkaRequestsWaiting: (.gauge, "Requests that wait to be sent, by client and broker.")
        case .kafkaRequestsInFlight: (.gauge, "Requests that are sent and not answered yet, by client and broker.")
        case .kafkaRetries: (.counter, "Requests that were sent once more, by client and broker.")
        case .kafkaTimeouts: (.counter, "Requests that were not answered in time, by client and broker.")
        case .kafkaErrors:
            (.counter, "Requests that could not be sent and answers that could not be read, by client and broker.")
        case .kafkaConnects: (.counter, "Attempts to connect, by client and broker.")
        case .kafkaDisconnects: (.counter, "Connections that ended, by client and broker.")
        case .buildInfo:
            (.info, "The program: its version and commit, the newest fold version that it knows, and its librdkafka.")
        case .processCPU: (.counter, "User and system CPU time spent.")
        case .processResident: (.gauge, "Resident memory.")
        case .processVirtual: (.gauge, "Virtual memory.")
        case .processOpenFiles: (.gauge, "Open file descriptors.")
        case .processMaximumFiles: (.gauge, "File descriptors that may be open.")
        case .processStart: (.gauge, "Start of the process, as a Unix time.")
        case .processThreads: (.gauge, "Threads of the process.")
        }
    }
}
