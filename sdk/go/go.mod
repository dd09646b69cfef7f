module trialbox

go 1.24
