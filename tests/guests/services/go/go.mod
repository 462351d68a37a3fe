module services

go 1.24

require github.com/ogghead/spin-trigger-kinesis/sdk/go v1.0.0

replace github.com/ogghead/spin-trigger-kinesis/sdk/go => ../../../../sdk/go
