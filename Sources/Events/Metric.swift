/// Every metric of `/metrics`, of `serve` and of the downstream services: its name, its kind and its help. There is no other way
/// to expose one, so none is without help. Counters end in `_total`, gauges do not; a name has its base unit.
public enum Metric: String, Sendable, CaseIterable {
    public enum Kind: String, Sendable { case counter, gauge, histogram, summary }

    case foldPartitions = "standing_fold_partitions"
    case foldPartitionsCurrent = "standing_fold_partitions_current"
    case foldPartitionsQuarantined = "standing_fold_partitions_quarantined"
    case foldPartitionsSwitching = "standing_fold_partitions_switching"
    case standbyPartitions = "standing_standby_partitions"
    case shadowPartitions = "standing_shadow_partitions"
    case shadowFramesBehind = "standing_shadow_frames_behind"
    case shadowSubjects = "standing_shadow_subjects"
    case shadowBands = "standing_shadow_bands"
    case shadowPerks = "standing_shadow_perks"
    case shadowSanctions = "standing_shadow_sanctions"
    case intakePartitions = "standing_intake_partitions"
    case memoryFull = "standing_memory_full"
    case sourceFrozen = "standing_source_frozen"
    case subjects = "standing_subjects"
    case foldBehindSeconds = "standing_fold_behind_seconds"
    case foldEntries = "standing_fold_entries_total"
    case foldScored = "standing_fold_scored_total"
    case foldUnmatched = "standing_fold_unmatched_total"
    case foldDuplicates = "standing_fold_duplicates_total"
    case foldNotEnrolled = "standing_fold_not_enrolled_total"
    case foldEarly = "standing_fold_early_total"
    case foldEarlyFolded = "standing_fold_early_folded_total"
    case foldEarlyBeyondLimit = "standing_fold_early_beyond_limit_total"
    case foldBeyondLimit = "standing_fold_beyond_limit_total"
    case foldOutOfRange = "standing_fold_out_of_range_total"
    case foldKindNotScored = "standing_fold_kind_not_scored_total"
    case foldEnrolments = "standing_fold_enrolments_total"
    case foldWithdrawals = "standing_fold_withdrawals_total"
    case foldSanctionsImposed = "standing_fold_sanctions_imposed_total"
    case foldVoids = "standing_fold_voids_total"
    case foldVoidsIgnored = "standing_fold_voids_ignored_total"
    case foldAppealsIgnored = "standing_fold_appeals_ignored_total"
    case foldEvaluationErrors = "standing_fold_evaluation_errors_total"
    case foldEvaluationErrorsByRule = "standing_fold_evaluation_errors_by_rule_total"
    case foldEvaluationErrorsByMeasure = "standing_fold_evaluation_errors_by_measure_total"
    case foldEvaluationErrorsBySanction = "standing_fold_evaluation_errors_by_sanction_total"
    case foldEvaluationErrorsByPerk = "standing_fold_evaluation_errors_by_perk_total"
    case foldEvaluationErrorsOther = "standing_fold_evaluation_errors_other_total"
    case foldPolicySwitches = "standing_fold_policy_switches_total"
    case foldActivationsIgnored = "standing_fold_activations_ignored_total"
    case foldTicks = "standing_fold_ticks_total"
    case foldUnmatchedByType = "standing_fold_unmatched_by_type_total"
    case foldNotEnrolledByTopic = "standing_fold_not_enrolled_by_topic_total"
    case foldEarlyEvents = "standing_fold_early_events"
    case foldFrames = "standing_fold_frames_total"
    case inboxBytes = "standing_inbox_bytes"
    case partitionsPaused = "standing_partitions_paused"
    case slicesWaiting = "standing_slices_waiting"
    case partitionRestarts = "standing_partition_restarts_total"
    case pollGapLongest = "standing_poll_gap_longest_seconds"
    case pollIntervalLimit = "standing_poll_interval_limit_seconds"
    case ledgerRepeatedEntries = "standing_ledger_repeated_entries_total"
    case ledgerRepeatedFrames = "standing_ledger_repeated_frames_total"
    case ledgerRefusedFrames = "standing_ledger_refused_frames_total"
    case intakeRecords = "standing_intake_records_total"
    case intakeEvents = "standing_intake_events_total"
    case intakeFrames = "standing_intake_frames_total"
    case intakeExpiredPositions = "standing_intake_expired_positions_total"
    case intakeSeconds = "standing_intake_seconds"
    case foldSeconds = "standing_fold_seconds"
    case deadLetters = "standing_dead_letters_total"
    case deadLettersByTopic = "standing_dead_letters_by_topic_total"
    case factsPublished = "standing_facts_published_total"
    case sanctions = "standing_sanctions"
    case sanctionsOverdue = "standing_sanctions_overdue"
    case sanctionsPartitions = "standing_sanctions_partitions"
    case lagRecords = "standing_lag_records"
    case lagSeconds = "standing_lag_seconds"
    case lagCatchUpSeconds = "standing_lag_catch_up_seconds"
    case lagStatus = "standing_lag_status"
    case lagUnknownPartitions = "standing_lag_unknown_partitions"
    case lagSubjectsAtLeast = "standing_lag_subjects_at_least"
    case lagSubjectsAtMost = "standing_lag_subjects_at_most"
    case lagSanctionsWaitingAtMost = "standing_lag_sanctions_waiting_at_most"
    case lagStaleSources = "standing_lag_stale_sources"
    case lagReportAgeSeconds = "standing_lag_report_age_seconds"
    case lagReportCurrent = "standing_lag_report_current"
    case metricsDroppedSeries = "standing_metrics_dropped_series_total"
    case downstreamFacts = "standing_downstream_facts_total"
    case downstreamCurrent = "standing_downstream_current"

    public var kind: Kind { row.kind }

    /// One sentence, without backslashes and line ends.
    public var help: String { row.help }

    private var row: (kind: Kind, help: String) {
        switch self {
        case .foldPartitions: (.gauge, "Ledger partitions that this process owns and folds.")
        case .foldPartitionsCurrent: (.gauge, "Owned ledger partitions that are folded to their end.")
        case .foldPartitionsQuarantined:
            (.gauge, "Owned ledger partitions whose fold waits at a record that cannot be read or folded.")
        case .foldPartitionsSwitching:
            (.gauge, "Owned ledger partitions that are folded once more under a policy that is switched to.")
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
        case .subjects: (.gauge, "Subjects of the owned ledger partitions, by band.")
        case .foldBehindSeconds:
            (.gauge, "For how long the owned partition that is furthest behind has been behind its end.")
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
        case .foldPolicySwitches: (.counter, "Activations of a policy folded, once for each ledger partition.")
        case .foldActivationsIgnored:
            (
                .counter,
                "Activations that changed nothing because another policy was active than they were approved against, once "
                    + "for each ledger partition."
            )
        case .foldTicks: (.counter, "Ticks of the clock folded.")
        case .foldUnmatchedByType:
            (.counter, "Events whose type the policy does not name, by type, since the process or its policy began.")
        case .foldNotEnrolledByTopic:
            (.counter, "Events that did not count because their subject was not enrolled, by source topic.")
        case .foldEarlyEvents: (.gauge, "Early events that wait for an enrolment now.")
        case .foldFrames: (.counter, "Frames of the ledger folded.")
        case .inboxBytes: (.gauge, "Bytes of ledger frames that are polled and wait for a worker.")
        case .partitionsPaused:
            (.gauge, "Ledger partitions that are paused at the broker because as many of their frames wait as may.")
        case .slicesWaiting: (.gauge, "Ledger partitions that wait for a worker.")
        case .partitionRestarts: (.counter, "Times that a ledger partition began anew after an error of its own.")
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
        case .intakeEvents: (.counter, "Records of source topics that were events.")
        case .intakeFrames: (.counter, "Frames appended to the ledger.")
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
        case .deadLetters: (.counter, "Records that became dead letters, by reason.")
        case .deadLettersByTopic: (.counter, "Records that became dead letters, by source topic.")
        case .factsPublished: (.counter, "Facts published and acknowledged, by topic.")
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
            (.gauge, "1 while the lag was measured of late, else 0: then there are no other metrics of lag.")
        case .metricsDroppedSeries:
            (
                .counter,
                "Requests for a series that is not kept, because there are too many or its name has "
                    + "another type."
            )
        case .downstreamFacts: (.counter, "Records of the fact topic, by what became of them.")
        case .downstreamCurrent: (.gauge, "1 while the fact topic is known to its end, else 0.")
        }
    }
}
