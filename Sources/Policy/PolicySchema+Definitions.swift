extension PolicySchema {
    /// What the keys refer to, after them.
    static let definitions = #"""
          "$defs": {
            "share": {
              "description": "A share such as 2.5 %, at most 100 %, with at most two decimals.",
              "type": "string",
              "pattern": "^([0-9]{1,2}|0[0-9]{2})(\\.[0-9]{1,2})? ?%$|^100(\\.0{1,2})? ?%$"
            },
            "name": {
              "description": "Letters, digits, hyphens, underscores and points, a letter or digit first.",
              "type": "string",
              "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
              "maxLength": 128
            },
            "field": {
              "description": "Letters, digits and underscores, no digit first.",
              "type": "string",
              "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
              "maxLength": 128
            },
            "variable": {
              "description": "Lower-case letters, digits and underscores, a letter first.",
              "type": "string",
              "pattern": "^[a-z][a-z0-9_]*$",
              "maxLength": 128
            },
            "constant": {
              "description": "An int, a double, a text, true or false.",
              "type": ["integer", "number", "string", "boolean"]
            },
            "points": {"type": "integer", "minimum": -2147483648, "maximum": 2147483648},
            "duration": {
              "description": "Days of 24 hours, or months or years of the UTC calendar, such as 14 days.",
              "type": "string",
              "pattern": "^[0-9]+ +(days?|months?|years?)$"
            },
            "term": {
              "description": "Days of 24 hours, or months or years of the UTC calendar; not zero.",
              "type": "string",
              "pattern": "^[0-9]*[1-9][0-9]* +(days?|months?|years?)$"
            },
            "kinds": {
              "type": "array",
              "minItems": 1,
              "items": {"enum": ["individual", "business", "official"]}
            },
            "event-type": {
              "description": "A CloudEvents type, matched exactly, or a prefix that ends in .* and matches the types that begin with what stands before the *. Types under `standing.` are reserved for control events.",
              "type": "string",
              "minLength": 1,
              "pattern": "^(?!standing\\.)[^*]*(\\.\\*)?$",
              "examples": ["bill.paid", "bill.*"]
            },
            "event-types": {
              "oneOf": [
                {"$ref": "#/$defs/event-type"},
                {"type": "array", "minItems": 1, "maxItems": 256, "items": {"$ref": "#/$defs/event-type"}}
              ]
            },
            "event-condition": {
              "description": "CEL over the event, a bool: data, type, source, subject, id, time, kind, constant.<name>, attribute.<name>. Default: true. What cannot be evaluated does not match.",
              "type": ["string", "boolean"],
              "examples": ["data.amount >= 100", "data.days > 5 && kind == 'business'"]
            },
            "amount": {
              "description": "CEL over the event that gives an int. An event for which it has no value is not in the measure.",
              "type": ["integer", "string"],
              "examples": ["data.amount"]
            },
            "measure": {
              "description": "A number: a function of the set of a subject's events and of the clock. One of count, sum, min, max, latest and streak.",
              "type": "object",
              "required": ["id", "dimension", "event"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The measure's name: measure.<id>.", "$ref": "#/$defs/variable"},
                "dimension": {
                  "description": "Its context: an event type belongs to one dimension.",
                  "$ref": "#/$defs/name"
                },
                "kinds": {
                  "description": "Whom it is about. Default: the policy's kinds. Of anyone else it is 0, or absent.",
                  "$ref": "#/$defs/kinds"
                },
                "event": {"description": "An event type, a prefix, or a list of them.", "$ref": "#/$defs/event-types"},
                "when": {"$ref": "#/$defs/event-condition"},
                "count": {"description": "The number of its events.", "const": true},
                "sum": {"description": "The sum over its events, of CEL that gives an int.", "$ref": "#/$defs/amount"},
                "min": {
                  "description": "The least over its events, of CEL that gives an int; absent without any.",
                  "$ref": "#/$defs/amount"
                },
                "max": {
                  "description": "The greatest over its events, of CEL that gives an int; absent without any.",
                  "$ref": "#/$defs/amount"
                },
                "latest": {
                  "description": "Of the last of its events by time, of CEL that gives an int; absent without any.",
                  "$ref": "#/$defs/amount"
                },
                "streak": {
                  "description": "The number of its events after the last one of these types, which break the streak.",
                  "$ref": "#/$defs/event-types"
                },
                "within": {
                  "description": "An event is in it until so long after the end of its UTC day. Default: for ever.",
                  "$ref": "#/$defs/term"
                },
                "adverse": {
                  "description": "Whether its events are held against the subject, so that one can impose a sanction by level. Default: false.",
                  "type": "boolean",
                  "default": false
                }
              },
              "oneOf": [
                {"required": ["count"]},
                {"required": ["sum"]},
                {"required": ["min"]},
                {"required": ["max"]},
                {"required": ["latest"]},
                {"required": ["streak"]}
              ],
              "examples": [
                {"id": "late_90d", "dimension": "payment", "event": "bill.late", "count": true, "within": "90 days"}
              ]
            },
            "rule": {
              "type": "object",
              "required": ["id", "dimension", "points"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The rule's name, which every explanation of a score gives.", "$ref": "#/$defs/name"},
                "dimension": {"description": "The dimension that the points go to.", "$ref": "#/$defs/name"},
                "kinds": {"description": "Whom the rule is about. Default: the policy's kinds.", "$ref": "#/$defs/kinds"},
                "event": {
                  "description": "An event type, a prefix, or a list of them. Without it the rule is over the measures of its dimension and gives, at every moment, what points says.",
                  "$ref": "#/$defs/event-types"
                },
                "when": {"$ref": "#/$defs/event-condition"},
                "points": {
                  "description": "What an event gives, or with a minus takes: a whole number, or CEL over the event that gives an int, such as data.days * -2. Without event: CEL over measure.<id>, constant.<name>, attribute.<name> and kind.",
                  "type": ["integer", "string"],
                  "minimum": -2147483648,
                  "maximum": 2147483648,
                  "examples": [10, "data.days * -2", "measure.late_90d >= 3 ? -60 : 0"]
                },
                "per": {
                  "description": "The bucket of an event: the UTC calendar period of its time. Default: ever.",
                  "enum": ["day", "month", "year", "ever"],
                  "default": "ever"
                },
                "cap": {
                  "description": "The sum of a bucket, of a window, or what a rule without event gives, is clamped to -cap to cap. Default: none.",
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 2147483648
                },
                "lasts": {
                  "description": "How long a bucket counts after its end. Default: for ever. Needs per.",
                  "$ref": "#/$defs/duration"
                },
                "within": {
                  "description": "A rolling window, instead of per and lasts: an event counts until so long after the end of its UTC day.",
                  "$ref": "#/$defs/term"
                },
                "fades": {
                  "description": "Whether what an ended bucket gives shrinks by equal steps, one a day or a month of lasts, at most 120. Needs per and lasts. Default: false.",
                  "type": "boolean",
                  "default": false
                }
              },
              "dependentRequired": {
                "when": ["event"],
                "per": ["event"],
                "lasts": ["event"],
                "within": ["event"]
              },
              "dependentSchemas": {
                "within": {"properties": {"per": false, "lasts": false}},
                "fades": {
                  "if": {"properties": {"fades": {"const": true}}},
                  "then": {"required": ["per", "lasts"]}
                }
              },
              "if": {"required": ["lasts"]},
              "then": {
                "description": "A bucket must end for its points to run out: give per as day, month or year.",
                "required": ["per"],
                "properties": {"per": {"enum": ["day", "month", "year"]}}
              }
            },
            "band": {
              "type": "object",
              "required": ["name", "from"],
              "additionalProperties": false,
              "properties": {
                "name": {"description": "The band's name.", "type": "string", "minLength": 1},
                "from": {"description": "The least score of the band.", "$ref": "#/$defs/points"}
              }
            },
            "perk": {
              "type": "object",
              "required": ["id", "when"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The perk's name.", "$ref": "#/$defs/name"},
                "when": {
                  "description": "CEL over the standing, a bool: score, band, kind, dimension.<name>, sanctioned (any sanction in force), measure.<id>, constant.<name>, attribute.<name>. What cannot be evaluated is false.",
                  "type": ["string", "boolean"],
                  "examples": ["score >= 750 && !sanctioned"]
                },
                "grace": {
                  "description": "The perk is revoked only after so long without its condition. Default: 0 days.",
                  "$ref": "#/$defs/duration",
                  "default": "0 days"
                }
              }
            },
            "sanction": {
              "type": "object",
              "required": ["id", "dimension", "measures", "lasts"],
              "additionalProperties": false,
              "properties": {
                "id": {"description": "The sanction's name.", "$ref": "#/$defs/name"},
                "dimension": {
                  "description": "The one dimension that its evidence may come from.",
                  "$ref": "#/$defs/name"
                },
                "measures": {
                  "description": "What a blacklist service blocks while the sanction is in force.",
                  "oneOf": [
                    {"$ref": "#/$defs/name"},
                    {"type": "array", "minItems": 1, "maxItems": 256, "items": {"$ref": "#/$defs/name"}}
                  ]
                },
                "event": {
                  "description": "The event types that impose it. Without any, a level does: see when.",
                  "$ref": "#/$defs/event-types"
                },
                "when": {
                  "description": "With event: CEL over the event. Without: CEL over points and the measures of this dimension."
                },
                "lifted-by": {
                  "description": "The event types that lift it (remedied).",
                  "$ref": "#/$defs/event-types"
                },
                "notice": {
                  "description": "How long it is announced before it is in force. Default: 0 days.",
                  "$ref": "#/$defs/duration",
                  "default": "0 days"
                },
                "lasts": {
                  "description": "The term: it ends so long after it was imposed. No term, no sanction.",
                  "$ref": "#/$defs/term"
                }
              },
              "if": {"required": ["event"]},
              "then": {
                "description": "Imposed by an event.",
                "properties": {"when": {"$ref": "#/$defs/event-condition"}}
              },
              "else": {
                "description": "Imposed by a level of points or measures, and lifted (cured) when the level is left.",
                "required": ["when"],
                "properties": {
                  "when": {
                    "description": "CEL, a bool: points and measure.<id> of this dimension, kind, constant.<name>, attribute.<name>, such as points <= -100.",
                    "type": "string",
                    "minLength": 1,
                    "examples": ["points <= -100", "measure.late_90d >= 4"]
                  }
                }
              }
            }
          }
        }

        """#
}
