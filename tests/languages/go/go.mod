module guest

go 1.24

require trialbox v0.0.0

replace trialbox => ./.trialbox/sdk/go
