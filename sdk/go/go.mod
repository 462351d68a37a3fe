module github.com/ogghead/spin-trigger-kinesis/sdk/go

go 1.24
